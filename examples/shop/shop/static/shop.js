// A second click on the same button would put the dish into the cart twice.
for (const form of document.querySelectorAll("form.dish")) {
  form.addEventListener("submit", () => { form.querySelector("button").disabled = true; });
}
