/** A guest that only exists on paper: its state, and the files in which an agent that comes later finds it. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DomainPower } from '#base/host/domain.ts';
import { isJsonObject } from '#base/json.ts';

export type FakeGuest = {
  readonly id: string;
  readonly name: string;
  readonly power: Exclude<DomainPower, 'absent'>;
  readonly rebootCount: number;
  readonly nics: readonly { readonly slot: number; readonly portId: string }[];
  readonly console: string;
};

/** Guests by id, each in a file of its own when there is a folder for them. */
export class FakeGuests {
  readonly #folder: string | null;
  readonly #guests = new Map<string, FakeGuest>();

  constructor(folder: string | null) {
    this.#folder = folder;
    if (folder === null) return;
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
      const guest: unknown = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      if (!isFakeGuest(guest)) throw new Error(`'${join(folder, name)}' is no fake guest.`);
      this.#guests.set(guest.id, guest);
    }
  }

  ids(): readonly string[] {
    return [...this.#guests.keys()];
  }

  find(id: string): FakeGuest | undefined {
    return this.#guests.get(id);
  }

  save(guest: FakeGuest): void {
    this.#guests.set(guest.id, guest);
    if (this.#folder === null) return;
    const path = join(this.#folder, `${guest.id}.json`);
    writeFileSync(`${path}.new`, JSON.stringify(guest));
    renameSync(`${path}.new`, path);
  }

  delete(id: string): void {
    if (!this.#guests.delete(id) || this.#folder === null) return;
    rmSync(join(this.#folder, `${id}.json`), { force: true });
  }
}

function isFakeGuest(value: unknown): value is FakeGuest {
  return (
    isJsonObject(value) &&
    ['id', 'name', 'power', 'console'].every((member) => typeof value[member] === 'string') &&
    typeof value['rebootCount'] === 'number' &&
    Array.isArray(value['nics'])
  );
}
