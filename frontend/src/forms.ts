// Forms: a choice marked so sends its form by itself, and a posting is sent once.

export function watchForms(): void {
  document.addEventListener("change", (event) => {
    const field = event.target as HTMLInputElement | HTMLSelectElement;
    if (field.closest("[data-sends-form]") !== null) field.form?.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (form.dataset["once"] === undefined || (event.submitter as HTMLElement | null)?.hasAttribute("formnovalidate")) {
      return;
    }
    // After the browser has collected the fields: a disabled button would not be sent.
    setTimeout(() => {
      for (const button of form.querySelectorAll<HTMLButtonElement>("button[type=submit]")) button.disabled = true;
    });
  });
  // What could not be sent can be sent again.
  document.addEventListener("htmx:error", enableButtons);
  // Back from the browser's own cache, the form may be sent again; its reference keeps it from being posted twice.
  addEventListener("pageshow", (event) => {
    if (event.persisted) enableButtons();
  });
}

function enableButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("form[data-once] button[disabled]")) {
    button.disabled = false;
  }
}
