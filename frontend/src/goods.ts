// Something on the shelf that can be counted, as the page lists it.

/** A lot, goods with what is written on them, or a code that nobody could look up yet. */
export interface Goods {
  batch: string;
  variation: string;
  number: string;
  expiry: string;
  round: string;
  name: string;
  about: string;
  code: string;
}

export function goodsOf(row: HTMLElement): Goods {
  const { batch = "", variation = "", number = "", expiry = "", round = "" } = row.dataset;
  const words = (selector: string): string => row.querySelector(selector)?.textContent?.trim() ?? "";
  return { batch, variation, number, expiry, round, name: words(".goods-name"), about: words("small"), code: "" };
}

/** A random UUID. The browser's own function for it is only there on https. */
export function newNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** One name for one lot in one round at one place. */
export function keyOf(goods: Goods, place: string): string {
  const lot = goods.batch || goods.code || `${goods.variation}/${goods.number}/${goods.expiry}`;
  return `${lot}/${goods.round}@${place}`;
}
