// Counts 字 in the page by the same rule as shared/counting.py, which explains it; tests hold both to one set of vectors.

const INVISIBLE = [
  [0x00ad, 0x00ad], [0x0300, 0x036f], [0x200b, 0x200f], [0x202a, 0x202e], [0x2060, 0x206f], [0x20d0, 0x20ff],
  [0xfe00, 0xfe0f], [0xfeff, 0xfeff], [0xe0000, 0xe0fff],
];
const BREAKS = [
  [0x0000, 0x0020], [0x007f, 0x00a0], [0x1680, 0x1680], [0x2000, 0x200a], [0x2028, 0x2029], [0x202f, 0x202f],
  [0x205f, 0x205f], [0x3000, 0x3000],
];
const EAST_ASIAN = [
  [0x2e80, 0x2fff], [0x3001, 0xa4cf], [0xa960, 0xa97f], [0xac00, 0xd7ff], [0xf900, 0xfaff], [0xfe10, 0xfe1f],
  [0xfe30, 0xfe6f], [0xff01, 0xffef], [0x1aff0, 0x1b16f], [0x1f200, 0x1f2ff], [0x20000, 0x3ffff],
];
const EITHER = [
  [0x00b7, 0x00b7], [0x00d7, 0x00d7], [0x00f7, 0x00f7], [0x2010, 0x2027], [0x2030, 0x205e], [0x2100, 0x27bf],
  [0xe000, 0xf8ff], [0xf0000, 0x10ffff],
];

const members = (...sets) =>
  sets.flat().map(([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`).join("");

const INVISIBLE_ONES = new RegExp(`[${members(INVISIBLE)}]+`, "gu");
const LOW = new RegExp(`[${members(EAST_ASIAN)}]|[^${members(EAST_ASIAN, BREAKS)}]+`, "gu");
const HIGH = new RegExp(`[${members(EAST_ASIAN, EITHER)}]|[^${members(EAST_ASIAN, EITHER, BREAKS)}]+`, "gu");

/** The 字 of a text as {low, high}; limits are decided on the low one. */
export function count(text) {
  const visible = text.replace(INVISIBLE_ONES, "");
  return { low: (visible.match(LOW) || []).length, high: (visible.match(HIGH) || []).length };
}

/** The count that limits are decided on. */
export function words(text) {
  return count(text).low;
}
