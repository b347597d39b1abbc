/** As much of a VT100 as shells and boot messages need: lines, a cursor, erasing, scrolling, and no colours. */
/* oxlint-disable typescript/prefer-readonly -- JavaScript has no such word */

/** Lines that are kept above the screen. */
const MOST_LINES = 2000;
/** A sequence that never ends is none. */
const MOST_SEQUENCE = 64;

export class Terminal {
  #columns;
  #rows;
  /** All lines, the screen's at the end; each is a list of characters. */
  #lines = [[]];
  #top = 0;
  #row = 0;
  #column = 0;
  #saved = [0, 0];
  #pending = '';

  constructor(columns, rows) {
    this.#columns = columns;
    this.#rows = rows;
  }

  write(text) {
    for (const character of text) {
      if (this.#pending !== '') this.#escape(character);
      else this.#put(character);
    }
  }

  /** What is to be seen: before, under and after the cursor. */
  text() {
    const at = this.#top + this.#row;
    const line = this.#line(at);
    const before = [...this.#lines.slice(0, at).map((one) => one.join('')), ''].join('\n');
    const after = this.#lines.slice(at + 1).map((one) => `\n${one.join('')}`);
    return {
      before: before + line.slice(0, this.#column).join('').padEnd(this.#column),
      under: line[this.#column] ?? ' ',
      after: line.slice(this.#column + 1).join('') + after.join(''),
    };
  }

  #put(character) {
    switch (character) {
      case '\r':
        this.#column = 0;
        break;
      case '\n':
      case '\v':
      case '\f':
        this.#down();
        break;
      case '\b':
        this.#column = Math.max(0, this.#column - 1);
        break;
      case '\t':
        this.#column = Math.min(this.#columns - 1, (Math.floor(this.#column / 8) + 1) * 8);
        break;
      case '\x1b':
        this.#pending = character;
        break;
      default:
        if (character < ' ' || character === '\x7f') break;
        if (this.#column >= this.#columns) {
          this.#column = 0;
          this.#down();
        }
        this.#here()[this.#column] = character;
        this.#column += 1;
    }
  }

  #down() {
    if (this.#row < this.#rows - 1) this.#row += 1;
    else this.#top += 1;
    this.#here();
    if (this.#lines.length <= MOST_LINES) return;
    const extra = this.#lines.length - MOST_LINES;
    this.#lines.splice(0, extra);
    this.#top -= extra;
  }

  /** The cursor's line, filled up to the cursor. */
  #here() {
    const line = this.#line(this.#top + this.#row);
    while (line.length < this.#column) line.push(' ');
    return line;
  }

  #line(index) {
    while (this.#lines.length <= index) this.#lines.push([]);
    return this.#lines[index];
  }

  /** Takes in a sequence until it is whole, and does it. */
  #escape(character) {
    const sequence = this.#pending + character;
    this.#pending = sequence;
    const [, kind = ''] = sequence;
    // A title of a window, up to its end.
    if (kind === ']') {
      if (character === '\x07' || sequence.endsWith('\x1b\\')) this.#pending = '';
      else if (sequence.length > 4 * MOST_SEQUENCE) this.#pending = '';
      return;
    }
    // A choice of characters has one letter more.
    if ('()#%'.includes(kind) && sequence.length < 3) return;
    if (kind === '[' && (sequence.length < 3 || character < '@') && sequence.length < MOST_SEQUENCE)
      return;
    this.#pending = '';
    if (kind === '[') this.#control(character, sequence.slice(2, -1));
    else if (kind === '7') this.#saved = [this.#row, this.#column];
    else if (kind === '8') [this.#row, this.#column] = this.#saved;
    else if (kind === 'M') this.#row = Math.max(0, this.#row - 1);
    else if (kind === 'D' || kind === 'E') this.#put('\n');
    else if (kind === 'c') this.#clear();
  }

  #control(final, parameters) {
    // Modes of no concern here.
    if (/^[?>=!]/.test(parameters)) return;
    const [first = 0, second = 0] = parameters.split(';').map((one) => Number(one) || 0);
    const count = Math.max(1, first);
    const line = this.#here();
    switch (final) {
      case 'A':
        this.#row = Math.max(0, this.#row - count);
        break;
      case 'B':
        this.#row = Math.min(this.#rows - 1, this.#row + count);
        break;
      case 'C':
        this.#column = Math.min(this.#columns - 1, this.#column + count);
        break;
      case 'D':
        this.#column = Math.max(0, this.#column - count);
        break;
      case 'G':
        this.#column = Math.min(this.#columns, count) - 1;
        break;
      case 'd':
        this.#row = Math.min(this.#rows, count) - 1;
        break;
      case 'H':
      case 'f':
        this.#row = Math.min(this.#rows, count) - 1;
        this.#column = Math.min(this.#columns, Math.max(1, second)) - 1;
        break;
      case 'J':
        if (first === 2 || first === 3) this.#clear(this.#row, this.#column);
        else if (first === 0) {
          line.length = Math.min(line.length, this.#column);
          this.#lines.length = Math.min(this.#lines.length, this.#top + this.#row + 1);
        }
        break;
      case 'K':
        if (first === 0) line.length = Math.min(line.length, this.#column);
        else line.fill(' ', 0, first === 1 ? this.#column + 1 : line.length);
        break;
      case 'P':
        line.splice(this.#column, count);
        break;
      case '@':
        line.splice(this.#column, 0, ...Array(Math.min(count, this.#columns)).fill(' '));
        line.length = Math.min(line.length, this.#columns);
        break;
      case 's':
        this.#saved = [this.#row, this.#column];
        break;
      case 'u':
        [this.#row, this.#column] = this.#saved;
        break;
    }
  }

  /** An empty screen below what was said so far. */
  #clear(row = 0, column = 0) {
    this.#top = this.#lines.length;
    this.#row = row;
    this.#column = column;
    this.#here();
  }
}

const KEYS = {
  Enter: '\r',
  Backspace: '\x7f',
  Tab: '\t',
  Escape: '\x1b',
  ArrowUp: '\x1b[A',
  ArrowDown: '\x1b[B',
  ArrowRight: '\x1b[C',
  ArrowLeft: '\x1b[D',
  Home: '\x1b[H',
  End: '\x1b[F',
  Insert: '\x1b[2~',
  Delete: '\x1b[3~',
  PageUp: '\x1b[5~',
  PageDown: '\x1b[6~',
};

/** What a key sends; undefined for one that is the browser's. */
export function keyBytes({ key, ctrlKey, altKey, metaKey, shiftKey }) {
  if (metaKey || (ctrlKey && shiftKey)) return undefined;
  if (ctrlKey && !altKey) {
    if (key === ' ') return '\0';
    // Pasting comes as an event of its own.
    if (!/^[a-z[\\\]^_]$/i.test(key) || key === 'v') return undefined;
    return String.fromCharCode(key.toUpperCase().charCodeAt(0) & 0x1f);
  }
  const own = KEYS[key];
  if (own !== undefined) return own;
  if ([...key].length !== 1) return undefined;
  return altKey && !ctrlKey ? `\x1b${key}` : key;
}
