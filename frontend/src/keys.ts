// Keyboard first: "/" or Ctrl+K finds, "g" and a letter goes, as the labels in the rail tell.

const SECOND_KEY_MILLISECONDS = 1200;

export function watchKeys(): void {
  let going = 0;
  document.addEventListener("keydown", (event) => {
    const find = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    if (!find && (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))) return;
    if (find || event.key === "/") {
      event.preventDefault();
      focusSearch();
    } else if (event.key === "g") {
      going = event.timeStamp;
    } else if (event.timeStamp - going < SECOND_KEY_MILLISECONDS) {
      going = 0;
      document.querySelector<HTMLAnchorElement>(`a[data-key="${CSS.escape(event.key)}"]`)?.click();
    }
  });
}

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null;
}

function focusSearch(): void {
  const fields = document.querySelectorAll<HTMLInputElement>("[data-search]");
  for (const field of fields) {
    if (field.offsetParent === null) continue;
    field.focus();
    field.select();
    return;
  }
}
