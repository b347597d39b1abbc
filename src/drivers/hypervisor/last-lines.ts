/** The end of a console log. */

/** The last lines of a text. A line that has not been ended yet counts as one. */
export function lastLines(text: string, lines: number): string {
  if (lines <= 0) return '';
  let at = text.endsWith('\n') ? text.length - 1 : text.length;
  for (let left = lines; left > 0 && at > -1; left -= 1) at = text.lastIndexOf('\n', at - 1);
  return at < 0 ? text : text.slice(at + 1);
}
