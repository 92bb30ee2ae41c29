// What was counted and the server has not confirmed. It survives closing the page; each count has a number of its own,
// by which the server knows one that is sent again. It stands in the browser's local storage, which has it at once: it is
// kept before the form says so. A count takes some 350 bytes of its 5 MB.

export interface Seen {
  client_id: string;
  batch_id: number | null;
  variation_id: number | null;
  batch_number: string;
  expiry_date: string | null;
  quantity: number;
  place: string;
  round: number | null;
  counted_at: string;
  /** What people are told it is. */
  name: string;
  about: string;
  /** Scanned where nothing could be looked up; empty once it is known what it is. */
  code: string;
  /** Why the server, or the catalogue, would not have it. */
  refusal: string;
  /** Which lot in which round at which place it is; empty while nobody can say. */
  key: string;
}

interface Kept {
  seen: Seen[];
  /** What was counted last of each lot at each place, to count on from there. */
  last: Record<string, number>;
  place: string;
}

export interface Refusal {
  detail: string;
  /** Whether somebody has to do something about the very thing that was sent. */
  final: boolean;
}

const MOST_AT_ONCE = 500;
const CONFLICTS = [400, 404, 409, 422];

export class Queue {
  constructor(
    private readonly name: string,
    private readonly address: string,
    private readonly token: string,
  ) {}

  get seen(): readonly Seen[] {
    return this.kept().seen;
  }

  get place(): string {
    return this.kept().place;
  }

  last(key: string): number | undefined {
    return this.kept().last[key];
  }

  /** Keep a count, in the place of one with the same number; and how many there were, and where its counter stands. */
  add(seen: Seen): void {
    this.change((kept) => {
      kept.seen = [...kept.seen.filter((each) => each.client_id !== seen.client_id), seen];
      if (seen.key !== "") kept.last[seen.key] = seen.quantity;
      kept.place = seen.place;
    });
  }

  private drop(ids: ReadonlySet<string>): void {
    this.change((kept) => {
      kept.seen = kept.seen.filter((each) => !ids.has(each.client_id));
    });
  }

  /** Throw a count away, as if it had never been. */
  forget(id: string): void {
    const key = this.seen.find((each) => each.client_id === id)?.key ?? "";
    this.change((kept) => {
      kept.seen = kept.seen.filter((each) => each.client_id !== id);
      delete kept.last[key];
    });
  }

  mend(id: string, changes: Partial<Seen>): void {
    this.change((kept) => {
      kept.seen = kept.seen.map((each) => (each.client_id === id ? { ...each, ...changes } : each));
    });
  }

  /** Send what can be sent. Returns what stopped it, undefined if nothing did; fails when there is no network. */
  async send(): Promise<Refusal | undefined> {
    for (;;) {
      const ready = this.seen.filter((each) => each.refusal === "" && each.code === "").slice(0, MOST_AT_ONCE);
      if (ready.length === 0) return undefined;
      const refusal = await this.post(ready);
      if (refusal === undefined) continue;
      if (!refusal.final) return refusal;
      // All or none: one by one the others get through, and the one that was meant is known.
      for (const each of ready) {
        const own = ready.length === 1 ? refusal : await this.post([each]);
        if (own !== undefined && !own.final) return own;
        if (own !== undefined) this.mend(each.client_id, { refusal: own.detail });
      }
    }
  }

  private async post(seen: readonly Seen[]): Promise<Refusal | undefined> {
    const observations = seen.map(({ name: _n, about: _a, code: _c, refusal: _r, key: _k, ...told }) =>
      told.batch_id === null ? told : { ...told, variation_id: null, batch_number: "", expiry_date: null },
    );
    const answer = await fetch(this.address, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.token },
      body: JSON.stringify({ sent_at: new Date().toISOString(), observations }),
    });
    if (answer.ok) {
      this.drop(new Set(seen.map((each) => each.client_id)));
      return undefined;
    }
    const problem = (await answer.json().catch(() => ({}))) as { detail?: string };
    return { detail: problem.detail ?? answer.statusText, final: CONFLICTS.includes(answer.status) };
  }

  private kept(): Kept {
    const text = localStorage.getItem(this.name);
    return text === null ? { seen: [], last: {}, place: "" } : (JSON.parse(text) as Kept);
  }

  /** Read anew and written at once: another window of the same count may have changed it. */
  private change(deed: (kept: Kept) => void): void {
    const kept = this.kept();
    deed(kept);
    localStorage.setItem(this.name, JSON.stringify(kept));
  }
}
