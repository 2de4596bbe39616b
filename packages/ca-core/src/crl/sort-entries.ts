/** Bits of a number that is exact. */
const EXACT_BITS = 53;
/** The number of its octets, and the first four of them: what decides the order of nearly all serials. */
const HEAD_BITS = 5 + 32;

/**
 * In which order encoded entries must stand so that their serials rise: the places that they have now, or undefined when
 * they stand so already. `offsets` says where each begins in `content`, and, last, where the last one ends.
 *
 * To compare a million serials twenty times each would take longer than all else that a CRL needs. So numbers are sorted,
 * which hold a serial's head and the entry's place; octets are compared only where heads are the same.
 */
export function sortedPlaces(content: Uint8Array, offsets: Uint32Array): Uint32Array | undefined {
  const count = offsets.length - 1;
  if (isSorted(content, offsets)) return undefined;
  const span = 2 ** Math.ceil(Math.log2(count));
  const cut = Math.max(1, (2 ** HEAD_BITS * span) / 2 ** EXACT_BITS);
  const keys = new Float64Array(count);
  for (let place = 0; place < count; place += 1) {
    keys[place] = Math.floor(headAt(content, offsets[place] ?? 0) / cut) * span + place;
  }
  keys.sort();
  const places = new Uint32Array(count);
  let groupStart = 0;
  let groupHead = Number.NaN;
  for (let index = 0; index < count; index += 1) {
    const key = keys[index] ?? 0;
    const head = Math.floor(key / span);
    places[index] = key - head * span;
    if (head === groupHead) continue;
    sortGroup(places.subarray(groupStart, index), content, offsets);
    groupStart = index;
    groupHead = head;
  }
  sortGroup(places.subarray(groupStart), content, offsets);
  return places;
}

function isSorted(content: Uint8Array, offsets: Uint32Array): boolean {
  for (let place = 2; place < offsets.length; place += 1) {
    if (compareAt(content, offsets[place - 2] ?? 0, offsets[place - 1] ?? 0) > 0) return false;
  }
  return true;
}

function sortGroup(places: Uint32Array, content: Uint8Array, offsets: Uint32Array): void {
  if (places.length > 1) places.sort((a, b) => compareAt(content, offsets[a] ?? 0, offsets[b] ?? 0));
}

/** A number that is lower only if the serial is. An entry begins with two headers of two octets, then the serial. */
function headAt(content: Uint8Array, start: number): number {
  const octets = content[start + 3] ?? 0;
  let head = octets;
  for (let i = 0; i < 4; i += 1) head = head * 256 + (i < octets ? (content[start + 4 + i] ?? 0) : 0);
  return head;
}

/** The length stands in front of the serial, and a longer serial is a higher one. */
function compareAt(content: Uint8Array, a: number, b: number): number {
  const last = 3 + (content[a + 3] ?? 0);
  for (let i = 3; i <= last; i += 1) {
    const order = (content[a + i] ?? 0) - (content[b + i] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}
