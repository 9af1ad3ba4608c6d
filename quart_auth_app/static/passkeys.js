// Asks the browser for a passkey, and sends its answer as a form. The forms are hidden until it is known to do passkeys.
const base64url = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// Not credential.toJSON(): some password managers put an object in its place that has none.
function answer({ id, type, response }) {
    const sent = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
        if (response[name]) sent[name] = base64url(response[name]);
    try {
        sent.transports = response.getTransports();
    } catch {} // not there at log-in, and some password managers' own fails
    return JSON.stringify({ id, rawId: id, type, response: sent });
}

let waiting; // browsers take one request at a time: the button ends the one that fills the form by itself
async function ask(form, mediation) {
    waiting?.abort();
    waiting = new AbortController();
    const { passkey, parser, options, field } = form.dataset;
    const publicKey = PublicKeyCredential[parser](JSON.parse(options));
    const found = await navigator.credentials[passkey]({ publicKey, mediation, signal: waiting.signal });
    form.elements[field].value = answer(found);
    const remember = document.querySelector("[name=remember]:checked");
    if (remember) form.append(remember.cloneNode());
    form.submit();
}

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
    for (const form of document.querySelectorAll("form[data-passkey]")) {
        form.hidden = false;
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            ask(form).catch(({ name }) => {
                const [failed, known] = form.querySelectorAll("[role=alert]");
                known.hidden = name !== "InvalidStateError";
                failed.hidden = !known.hidden;
            });
        });
        if ("autofill" in form.dataset) ask(form, "conditional").catch(() => {});
    }
    // What the browser's store of passkeys should know: which still count, and what the account is called now.
    for (const { dataset } of document.querySelectorAll("[data-signals]"))
        for (const [name, about] of Object.entries(JSON.parse(dataset.signals)))
            PublicKeyCredential[name]?.(about).catch(() => {});
}
