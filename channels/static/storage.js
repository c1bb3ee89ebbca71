/** What the browser remembers for one inbox; memory stands in where storage is forbidden. */

const memory = new Map();

function read(area, key) {
  try {
    return JSON.parse(area().getItem(key)) ?? memory.get(key) ?? null;
  } catch {
    return memory.get(key) ?? null;
  }
}

function write(area, key, value) {
  try {
    if (value === null) area().removeItem(key);
    else area().setItem(key, JSON.stringify(value));
  } catch { /* private mode, or a full store: memory has it */ }
  if (value === null) memory.delete(key);
  else memory.set(key, value);
}

/** An anonymous visitor stays for good; one the shop identified only as long as the tab, for shared computers. */
export class Storage {
  constructor(inbox) {
    this.prefix = `switchboard:${inbox}:`;
  }

  get visitor() {
    return read(() => sessionStorage, `${this.prefix}identified`) ?? read(() => localStorage, `${this.prefix}visitor`);
  }

  set visitor(visitor) {
    write(() => sessionStorage, `${this.prefix}identified`, visitor?.identified ? visitor : null);
    write(() => localStorage, `${this.prefix}visitor`, visitor?.identified ? null : visitor);
  }

  /** What was sent and not yet acknowledged, for this visitor only. */
  get pending() {
    const stored = read(() => sessionStorage, `${this.prefix}pending`);
    return stored && stored.visitor === this.visitor?.id ? stored.messages : [];
  }

  set pending(messages) {
    const value = messages.length ? { visitor: this.visitor?.id, messages } : null;
    write(() => sessionStorage, `${this.prefix}pending`, value);
  }

  get(name) {
    return read(() => localStorage, this.prefix + name);
  }

  set(name, value) {
    write(() => localStorage, this.prefix + name, value);
  }

  forget() {
    this.pending = [];
    this.visitor = null;
    for (const name of ["floor", "read"]) this.set(name, null);
  }
}
