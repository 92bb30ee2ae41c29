// A hand scanner types like a very fast keyboard and ends with Enter. Wherever the focus is not in a field, what it
// types goes into the page's scan field.

import { isTyping } from "./keys";

const FASTEST_TYPIST_MILLISECONDS = 50;
const SHORTEST_CODE = 6;
/** The scanner's separator between GS1 elements, which some send as Ctrl+]. */
const GROUP_SEPARATOR = "\u001d";

export function watchScanner(): void {
  let code = "";
  let last = 0;
  document.addEventListener("keydown", (event) => {
    if (isTyping(event.target)) return;
    const field = document.querySelector<HTMLInputElement>("[data-scan]");
    if (field === null) return;
    if (event.timeStamp - last > FASTEST_TYPIST_MILLISECONDS) code = "";
    last = event.timeStamp;
    if (event.key === "Enter" && code.length >= SHORTEST_CODE) {
      event.preventDefault();
      field.value = code;
      code = "";
      field.focus();
      field.form?.requestSubmit(field.form.querySelector<HTMLElement>("[data-scan-button]"));
    } else if (event.key === "]" && event.ctrlKey) {
      code += GROUP_SEPARATOR;
    } else if (event.key.length === 1) {
      code += event.key;
    }
  });
  // In the field itself a scanner's separator would be lost: text fields drop control characters typed as shortcuts.
  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || field.dataset["scan"] === undefined) return;
    if (event.key !== "]" || !event.ctrlKey) return;
    event.preventDefault();
    field.setRangeText(GROUP_SEPARATOR, field.selectionStart ?? 0, field.selectionEnd ?? 0, "end");
  });
}
