// The buttons of other sites are forms of their own; "Remember me" counts for them too.
const box = document.querySelector("input[type=checkbox][name=remember]");
for (const form of box ? document.querySelectorAll("form[data-remember]") : [])
    form.addEventListener("submit", () => {
        form.elements.remember.value = box.checked ? "on" : "";
    });
