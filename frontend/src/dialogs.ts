// A dialog's content comes from the server into #dialog; the browser's own <dialog> does the rest.

export function watchDialogs(): void {
  const dialog = document.querySelector<HTMLDialogElement>("dialog#dialog");
  if (dialog === null) return;
  document.addEventListener("htmx:after:swap", () => {
    if (dialog.childElementCount > 0 && !dialog.open) dialog.showModal();
  });
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    if (target === dialog || target.closest("[data-closes-dialog]") !== null) {
      event.preventDefault();
      dialog.close();
    }
  });
  dialog.addEventListener("close", () => dialog.replaceChildren());
}
