/** Times as clients write them. */

/** A time in UTC as it is stored; one without a zone is in UTC already, and a plus in a query has become a space. */
export function storedTime(text: string): string {
  const [, date = '', time = '00:00:00', zone = 'Z'] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))? ?([+ -]\d{2}:?\d{2}|Z)?$/i.exec(
      text,
    ) ?? [];
  return new Date(`${date}T${time}${zone.toUpperCase().replace(' ', '+')}`).toISOString();
}

/** True for what `storedTime` can read. */
export function isTime(text: string): boolean {
  try {
    storedTime(text);
    return true;
  } catch {
    return false; // no such day, no such hour
  }
}
