// Keeps the pages of counts, and what they are made of, for when there is no network. It answers from what it kept
// only when the network does not.

interface Fetched extends Event {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const KEPT = "count";

addEventListener("fetch", (event) => {
  const { request, respondWith } = event as Fetched;
  const { origin, pathname } = new URL(request.url);
  const counts = request.mode === "navigate" && /^\/stock-takes\/\d+\/count\/$/.test(pathname);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (counts || pathname.startsWith("/static/")) respondWith.call(event, fetched(request));
});

async function fetched(request: Request): Promise<Response> {
  const kept = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    // Somebody who has to log in, or may not see it any more, finds nothing kept either.
    if (answer.ok && !answer.redirected && new URL(request.url).search === "") await kept.put(request, answer.clone());
    else if (!answer.ok && answer.status < 500) await kept.delete(request, { ignoreSearch: true });
    return answer;
  } catch (error) {
    const answer = await kept.match(request, { ignoreSearch: true });
    if (answer === undefined) throw error;
    return answer;
  }
}
