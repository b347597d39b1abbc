/** What Nova takes for a UUID. */

/** 32 hexadecimal digits, with or without dashes and braces, as Python's `uuid` reads them. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{32}$/i.test(text.replaceAll(/urn:|uuid:|[{}-]/g, ''));
}
