// A basket is scanned faster than the server answers: no code is lost, and none is sent before the answer to the one
// before it, since the basket's lines stand in the form itself. The scan field stays through every answer (hx-preserve).

interface Requested {
  ctx?: { sourceElement?: Element; target?: Element };
}

const waiting: string[] = [];
let sent = "";
let busy = false;

export function watchBasket(): void {
  document.addEventListener("submit", holdBack, { capture: true });
  document.addEventListener("htmx:before:request", (event) => {
    const field = scanField();
    if (field === null || !isOfBasket(event)) return;
    // It travels with the request already; the field is free for the next one.
    sent = field.value;
    field.value = "";
  });
  document.addEventListener("htmx:error", (event) => {
    const field = scanField();
    if (field === null || !isOfBasket(event)) return;
    busy = false;
    field.value ||= sent;
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const field = scanField();
    // What changes beside a line leaves the focus where it is.
    if (field === null || !isOfBasket(event)) return;
    busy = false;
    field.focus();
    const next = waiting.shift();
    if (next === undefined) return;
    const begun = field.value;
    field.value = next;
    field.form?.requestSubmit(scanButton(field.form));
    field.value = begun;
  });
}

function holdBack(event: SubmitEvent): void {
  const form = event.target as HTMLFormElement;
  const field = scanField();
  if (field === null || field.form !== form) return;
  if (!busy) {
    busy = true;
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  if (event.submitter !== scanButton(form)) return;
  waiting.push(field.value);
  field.value = "";
}

/** Whether it is about the basket's own form, not about a field in it. */
function isOfBasket(event: Event): boolean {
  return (event as CustomEvent<Requested>).detail.ctx?.sourceElement?.id === "work";
}

function scanField(): HTMLInputElement | null {
  return document.querySelector<HTMLInputElement>("#work [data-scan]");
}

function scanButton(form: HTMLFormElement | null): HTMLElement | null {
  return form?.querySelector<HTMLElement>("[data-scan-button]") ?? null;
}
