// Says whether the device is online, and when an answer failed: a page that stands still must not look up to date.

export function watchConnection(): void {
  const sign = document.querySelector<HTMLElement>("[data-connection]");
  if (sign === null) return;
  const show = (online: boolean): void => {
    sign.dataset["connection"] = online ? "online" : "offline";
    const words = online ? sign.dataset["online"] : sign.dataset["offline"];
    const label = sign.querySelector("[data-connection-label]");
    if (label !== null && label.textContent !== words) label.textContent = words ?? "";
  };
  addEventListener("online", () => show(true));
  addEventListener("offline", () => show(false));
  document.addEventListener("htmx:error", () => show(false));
  document.addEventListener("htmx:after:request", () => show(true));
  show(navigator.onLine);
}
