// A button in each password field that shows what was typed. Without this script the form works all the same.
const words = document.currentScript.dataset;
for (const field of document.querySelectorAll("input[type=password]")) {
    const button = document.createElement("input");
    const show = (shown) => {
        field.type = shown ? "text" : "password";
        button.value = shown ? words.hide ?? "Hide" : words.show ?? "Show";
        button.title = shown ? words.hideLong ?? "Hide the password" : words.showLong ?? "Show the password";
    };
    button.type = "button";
    button.className = "show-password";
    button.setAttribute("aria-controls", field.id);
    button.addEventListener("click", () => show(field.type === "password"));
    // Sent as a password, or the browser would offer it later among the texts that were typed before.
    field.form?.addEventListener("submit", () => show(false));
    show(false);
    field.after(button);
    field.parentElement.classList.add("has-show-password");
}
