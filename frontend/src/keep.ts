// Keeps the page that is shown, and what it is made of, for when there is no network.

export async function keepPage(worker: string): Promise<void> {
  // Browsers have it on https and on one's own machine only.
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register(worker);
  const kept = await caches.open("count");
  const parts = document.querySelectorAll("link[rel=stylesheet], link[rel=icon], script[src], img, use");
  const addresses = [...parts].map((each) => each.getAttribute("src") ?? each.getAttribute("href") ?? "");
  const files = new Set(addresses.map((address) => address.split("#")[0] ?? ""));
  await kept.addAll([location.pathname, ...files]);
}
