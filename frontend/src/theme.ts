// Light, dark, or as the device has it. The choice is a cookie, so that the server paints the page right at once.

const YEAR_SECONDS = 31_536_000;

export function watchTheme(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest("[data-theme-switch]");
    if (button === null) return;
    const root = document.documentElement;
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.dataset["theme"] ?? (dark ? "dark" : "light");
    const next = now === "dark" ? "light" : "dark";
    root.dataset["theme"] = next;
    document.cookie = `theme=${next}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
  });
}
