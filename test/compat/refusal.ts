/** What a refusal says, in whichever of OpenStack's forms it comes. */

/** Type and text of a refusal, in whichever form. */
export function readError(response: unknown): { type?: string; text: string } {
  if (typeof response === 'string') return { text: plainText(response) };
  const body = (response ?? {}) as Record<string, Record<string, unknown>>;
  const neutron = body['NeutronError'];
  if (neutron) return { type: String(neutron['type']), text: String(neutron['message']) };
  const [name, inner] = Object.entries(body)[0] ?? [];
  if (name === 'error') return { text: String(inner?.['message']) };
  if (typeof body['message'] === 'string') return { text: plainText(body['message']) };
  const text = inner?.['message'];
  return { type: name ?? '', text: typeof text === 'string' ? text : '' };
}

function plainText(html: string): string {
  return html
    .replaceAll(/<head>.*?<\/head>|<h1>.*?<\/h1>/gs, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/^\d{3} [A-Z][A-Za-z ]*\n/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
