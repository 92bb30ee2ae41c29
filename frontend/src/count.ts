// The page of a count: a scan or a tap fills the form, a saved count goes into the queue, the queue goes to the server.

import { type Goods, goodsOf, keyOf, newNumber } from "./goods";
import { keepPage } from "./keep";
import { Queue, type Seen } from "./queue";

const AGAIN_AFTER_MILLISECONDS = 15_000;
const NUMBER = /^\d{1,11}([.,]\d{1,3})?$/;

interface LookedUp {
  in_scope: boolean;
  factor: number;
  batches: { batch_id: number }[];
  new_batch: object | null;
}

class CountPage {
  private readonly form = one<HTMLFormElement>("[data-entry]");
  private readonly scan = one<HTMLFormElement>("[data-count-scan]");
  private readonly code = one<HTMLInputElement>("#scan");
  private readonly found = one("#found");
  private readonly quantity = one<HTMLInputElement>("#id_quantity");
  private readonly place = one<HTMLInputElement>("#id_place");
  private readonly number = one<HTMLInputElement>("#id_batch_number");
  private readonly expiry = one<HTMLInputElement>("#id_expiry_date");
  private readonly words = one("[data-words]").dataset;
  private readonly queue: Queue;
  private goods: Goods | undefined;
  /** When the shelf was looked at, and the number of what is being changed. */
  private seenAt = new Date();
  private mending = "";
  /** What was scanned and may be several lots, until somebody says which. */
  private open: { code: string; units: number } | undefined;
  /** One code is looked up after the other, however fast they are scanned. */
  private looking = Promise.resolve();
  private sending = false;
  private turnOff = (): void => undefined;

  constructor(private readonly root: HTMLElement) {
    const token = one<HTMLInputElement>("[data-entry] [name=csrfmiddlewaretoken]").value;
    const name = `count-${root.dataset["person"]}-${root.dataset["count"]}`;
    this.queue = new Queue(name, root.dataset["send"] ?? "", token);
    this.scan.addEventListener("submit", (event) => {
      event.preventDefault();
      const code = this.code.value.trim();
      this.code.value = "";
      this.look(code, "");
    });
    this.form.addEventListener("submit", (event) => {
      // What only the address names, the server filled in and takes itself.
      if (this.goods === undefined) return;
      event.preventDefault();
      if (this.save()) this.code.focus();
    });
    root.addEventListener("click", (event) => this.clicked(event));
    // Browsers give the camera to https and to one's own machine only.
    one("[data-camera-on]").hidden = navigator.mediaDevices === undefined;
    this.quantity.addEventListener("input", () => (this.seenAt = new Date()));
    this.place.addEventListener("input", () => this.tellBefore());
    addEventListener("online", () => void this.send());
    setInterval(() => void this.send(), AGAIN_AFTER_MILLISECONDS);
    // The address may have named something; then the server filled the form in.
    if (!this.form.hidden) {
      const chosen = [...this.root.querySelectorAll<HTMLElement>("[data-goods]")].find(
        (each) => each.dataset["batch"] === value(this.form, "batch_id"),
      );
      if (chosen !== undefined) this.choose(goodsOf(chosen), this.quantity.value === "" ? 0 : Number(this.quantity.value));
    }
    this.show();
    void this.send();
  }

  private clicked(event: MouseEvent): void {
    const target = event.target as Element;
    const goods = target.closest<HTMLElement>("[data-goods]");
    const step = target.closest<HTMLElement>("[data-step]");
    const named = target.closest<HTMLElement>("[data-code]");
    const row = target.closest<HTMLElement>("[data-client-id]");
    if (goods !== null) {
      event.preventDefault();
      const list = goods.closest<HTMLElement>("[data-found]");
      // Of what was scanned it is this lot and no other: what was thought before is not saved.
      if (list !== null) this.goods = undefined;
      else this.mending = "";
      if (this.choose(goodsOf(goods), list === null ? 0 : Number(list.dataset["factor"]))) this.found.replaceChildren();
    } else if (named !== null) {
      event.preventDefault();
      this.look(named.dataset["code"] ?? "", this.mending);
    } else if (step !== null) {
      this.count(Number(step.dataset["step"]));
    } else if (target.closest("[data-camera-on]") !== null) {
      void this.watch();
    } else if (target.closest("[data-camera-off]") !== null) {
      this.unwatch();
    } else if (target.closest("[data-send-now]") !== null) {
      void this.send();
    } else if (row !== null) {
      this.mend(row.dataset["clientId"] ?? "", target);
    }
  }

  private async watch(): Promise<void> {
    const { camera = "", reader = "" } = this.root.dataset;
    one("[data-no-camera]").hidden = true;
    try {
      const { watchCamera } = (await import(camera)) as typeof import("./camera");
      this.showCamera(true);
      this.turnOff = await watchCamera(one<HTMLVideoElement>(".camera video"), reader, (code) => this.look(code, ""));
    } catch {
      // Not allowed, not there, or not loaded: the code can still be typed.
      this.showCamera(false);
      one("[data-no-camera]").hidden = false;
    }
  }

  private unwatch(): void {
    this.turnOff();
    this.showCamera(false);
  }

  private showCamera(on: boolean): void {
    one(".camera").hidden = !on;
    one("[data-camera-on]").hidden = on;
  }

  /** Find out what a code is, after what was scanned before it; `mending` is the number of what it is about. */
  private look(code: string, mending: string): void {
    if (code === "") return;
    this.looking = this.looking.then(() => {
      this.mending = mending;
      if (this.open !== undefined && this.open.code !== code) this.setAside(this.open.code, this.open.units, "which");
      return this.ask(code);
    });
  }

  /** Ask the server, or, without a network, what the page lists. */
  private async ask(code: string): Promise<void> {
    let answer: Response;
    try {
      answer = await fetch(`?${new URLSearchParams({ code }).toString()}`, { headers: { "HX-Request": "true" } });
    } catch {
      this.lookHere(code);
      return;
    }
    if (answer.headers.has("HX-Redirect")) {
      location.assign(answer.headers.get("HX-Redirect") ?? "/");
      return;
    }
    // Written by our own server, as it would stand in the page.
    this.found.innerHTML = await answer.text();
    const list = this.found.querySelector<HTMLElement>("[data-found]");
    if (list === null) {
      // A code that nobody knows is kept; a name that was typed wrongly is not.
      const unknown = this.found.querySelector("[data-nothing]") !== null && /\d{6}/.test(code);
      if (unknown && this.mending === "") this.setAside(code, 1, "unknown");
      return;
    }
    const rows = [...list.querySelectorAll<HTMLElement>("[data-goods]")];
    const open = this.goods === undefined ? "" : keyOf(this.goods, "");
    const again = rows.find((row) => keyOf(goodsOf(row), "") === open);
    const meant = again ?? (list.dataset["certain"] === undefined ? undefined : rows[0]);
    if (meant === undefined) {
      if (this.mending !== "") return;
      const units = Number(list.dataset["factor"]) + (this.open?.units ?? 0);
      list.dataset["factor"] = String(units);
      this.open = { code, units };
      return;
    }
    if (!this.choose(goodsOf(meant), Number(list.dataset["factor"]))) {
      this.open = { code, units: Number(list.dataset["factor"]) };
      return;
    }
    // What else it may be can still be said, but once.
    if (again === undefined && rows.length > 1) meant.closest("li")?.remove();
    else this.found.replaceChildren();
  }

  /** Keep a code of which nobody can say yet what it is. */
  private setAside(code: string, quantity: number, why: "which" | "unknown"): void {
    const place = this.queue.place;
    const known = { batch_id: null, variation_id: null, batch_number: "", expiry_date: null, round: null };
    const when = { client_id: newNumber(), counted_at: new Date().toISOString() };
    const told = { name: code, about: "", code, key: "", refusal: this.words[why] ?? "" };
    this.queue.add({ ...known, ...when, ...told, quantity, place });
    this.open = undefined;
    this.show();
  }

  private lookHere(code: string): void {
    const padded = /^(\d{8}|\d{12,14})$/.test(code) ? code.padStart(14, "0") : code;
    const rows = [...this.root.querySelectorAll<HTMLElement>("[data-to-count] [data-goods]")].filter((each) =>
      (each.dataset["codes"] ?? "").split(" ").some((known) => known === code || known === padded),
    );
    this.found.replaceChildren();
    const [row] = rows;
    if (row !== undefined && rows.length === 1) {
      this.choose(goodsOf(row), 1);
      return;
    }
    if (rows.length > 1) {
      const list = document.createElement("ul");
      list.className = "rows goods-list";
      list.dataset["found"] = "";
      list.dataset["factor"] = "1";
      list.append(...rows.map((each) => each.closest("li")?.cloneNode(true) ?? ""));
      this.found.append(list);
      return;
    }
    const about = this.words["looksUp"] ?? "";
    this.choose({ batch: "", variation: "", number: "", expiry: "", round: "", name: code, about, code }, 1);
  }

  /** Fill the form in; the same thing scanned again counts on. What was open before is saved, or mended first. */
  private choose(goods: Goods, scanned: number): boolean {
    const same = this.goods !== undefined && keyOf(this.goods, "") === keyOf(goods, "");
    if (same && scanned > 0) {
      this.count(scanned);
      return true;
    }
    if (this.goods !== undefined && this.mending === "" && this.quantity.value !== "" && !this.save()) return false;
    this.goods = goods;
    this.open = undefined;
    this.form.hidden = false;
    one("[data-entry-name]").textContent = goods.name;
    one("[data-entry-about]").textContent = goods.about;
    one("[data-entry-new]").hidden = goods.batch !== "" || goods.code !== "";
    this.number.value = goods.number;
    this.expiry.value = goods.expiry;
    if (this.mending === "") {
      this.place.value = this.queue.place;
      this.quantity.value = "";
      if (scanned > 0) {
        this.quantity.value = String(this.queue.last(keyOf(goods, this.place.value)) ?? 0);
        this.count(scanned);
      }
    }
    this.tellBefore();
    if (scanned === 0) this.quantity.focus();
    return true;
  }

  private count(more: number): void {
    const sum = Number(this.quantity.value.replace(",", ".")) + more;
    // Thousandths at most; sums of floats have longer tails.
    this.quantity.value = String(Math.max(0, Math.round((Number.isNaN(sum) ? more : sum) * 1000) / 1000));
    this.seenAt = new Date();
  }

  private tellBefore(): void {
    const before = this.goods === undefined ? undefined : this.queue.last(keyOf(this.goods, this.place.value.trim()));
    one("[data-before]").hidden = before === undefined;
    one("[data-before-number]").textContent = before === undefined ? "" : String(before);
  }

  private save(): boolean {
    const goods = this.goods;
    if (goods === undefined) return false;
    const text = this.quantity.value.trim();
    const isNew = goods.batch === "" && goods.code === "";
    const number = isNew ? this.number.value.trim() : goods.number;
    one("[data-no-number]").hidden = NUMBER.test(text);
    one("[data-no-lot]").hidden = !isNew || number !== "";
    if (!NUMBER.test(text) || (isNew && number === "")) return false;
    const before = this.queue.seen.find((each) => each.client_id === this.mending);
    const place = this.place.value.trim();
    const seen: Seen = {
      client_id: before?.client_id ?? newNumber(),
      batch_id: goods.batch === "" ? null : Number(goods.batch),
      variation_id: goods.variation === "" ? null : Number(goods.variation),
      batch_number: number,
      expiry_date: (isNew ? this.expiry.value.trim() : goods.expiry) || null,
      quantity: Number(text.replace(",", ".")),
      place,
      round: goods.round === "" || isNew ? null : Number(goods.round),
      counted_at: before?.counted_at ?? this.seenAt.toISOString(),
      name: goods.name,
      about: isNew ? `${this.words["lot"]} ${number}` : goods.about,
      code: goods.code,
      refusal: "",
      key: keyOf({ ...goods, number }, place),
    };
    this.queue.add(seen);
    this.goods = undefined;
    this.mending = "";
    this.form.hidden = true;
    this.found.replaceChildren();
    this.show();
    void this.send();
    return true;
  }

  private mend(id: string, target: Element): void {
    const seen = this.queue.seen.find((each) => each.client_id === id);
    if (seen === undefined) return;
    if (target.closest("[data-drop]") !== null) {
      this.queue.forget(id);
    } else if (target.closest("[data-again]") !== null) {
      this.queue.mend(id, { refusal: "" });
      void this.send();
    } else if (target.closest("[data-choose]") !== null) {
      this.goods = undefined;
      this.quantity.value = String(seen.quantity);
      this.place.value = seen.place;
      this.look(seen.code || seen.name, id);
    }
    this.show();
  }

  private async send(): Promise<void> {
    if (this.sending || this.queue.seen.length === 0) return;
    this.sending = true;
    const trouble = one("[data-trouble]");
    try {
      await this.lookUp();
      const refusal = await this.queue.send();
      trouble.textContent = refusal?.detail ?? "";
    } catch {
      // No network: the page says so at its top, and tries again.
      trouble.textContent = "";
    } finally {
      this.sending = false;
    }
    trouble.hidden = trouble.textContent === "";
    this.show();
  }

  /** What was scanned without a network is looked up. Where one code may be several things, somebody has to say. */
  private async lookUp(): Promise<void> {
    for (const { client_id: id, code } of this.queue.seen.filter((each) => each.code !== "" && each.refusal === "")) {
      const address = `${this.root.dataset["lookUp"]}?${new URLSearchParams({ code }).toString()}`;
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (answer.status === 404) {
        this.queue.mend(id, { refusal: this.words["unknown"] ?? "" });
      } else if (answer.ok) {
        const told = (await answer.json()) as LookedUp;
        const [batch] = told.batches;
        if (!told.in_scope) this.queue.mend(id, { refusal: this.words["outside"] ?? "" });
        else if (batch !== undefined && told.batches.length === 1 && told.new_batch === null && told.factor === 1) {
          this.queue.mend(id, { code: "", batch_id: batch.batch_id });
        } else this.queue.mend(id, { refusal: this.words["which"] ?? "" });
      }
    }
  }

  private show(): void {
    const seen = this.queue.seen;
    one("[data-all-sent]").hidden = seen.length > 0;
    one("[data-not-sent]").hidden = seen.length === 0;
    one("[data-number]").textContent = String(seen.length);
    one("[data-queue]").hidden = seen.length === 0;
    const template = one<HTMLTemplateElement>("[data-queue-row]");
    one("[data-queue-rows]").replaceChildren(
      ...seen.map((each) => {
        const row = template.content.firstElementChild?.cloneNode(true) as HTMLElement;
        row.dataset["clientId"] = each.client_id;
        one("[data-name]", row).textContent = each.name;
        one("[data-about]", row).textContent = [each.about, each.place].filter(Boolean).join(" · ");
        one("[data-quantity]", row).textContent = String(each.quantity);
        one("[data-refusal]", row).textContent = each.refusal;
        one("[data-refusal]", row).hidden = one("[data-deeds]", row).hidden = each.refusal === "";
        one("[data-choose]", row).hidden = each.code === "";
        return row;
      }),
    );
    // What waits to be sent is counted, whatever the page said when it was made.
    const waiting = new Set(seen.map((each) => String(each.batch_id)));
    for (const row of this.root.querySelectorAll<HTMLElement>("[data-to-count] [data-goods]")) {
      if (waiting.has(row.dataset["batch"] ?? "")) row.closest("li")?.setAttribute("hidden", "");
    }
  }
}

function one<Kind extends HTMLElement = HTMLElement>(selector: string, within: ParentNode = document): Kind {
  const found = within.querySelector<Kind>(selector);
  if (found === null) throw new Error(`There is no ${selector} on this page.`);
  return found;
}

function value(form: HTMLFormElement, name: string): string {
  return (form.elements.namedItem(name) as HTMLInputElement).value;
}

const root = document.querySelector<HTMLElement>("#count");
if (root !== null) {
  new CountPage(root);
  // Without a network there is nothing new to keep; the queue works without all that.
  keepPage(root.dataset["worker"] ?? "").catch(() => undefined);
}
