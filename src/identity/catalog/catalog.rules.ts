/** The addresses in the catalog: what may stand in them, and what they become. Pure. */

/** `$(name)s` or `%(name)s`, as Keystone writes them. */
const PLACEHOLDER = /[$%]\(([^)]*)\)s/g;

/** Made by the cloud itself, so that its endpoints follow it to another address. */
export const PUBLIC_URL = '$(public_url)s';

const KNOWN = new Set(['public_url', 'project_id', 'tenant_id', 'user_id']);

export type UrlValues = Readonly<Record<string, string | undefined>>;

/** Whether every placeholder is one that can be filled in. */
export function isTemplateValid(url: string): boolean {
  return [...url.matchAll(PLACEHOLDER)].every(([, name]) => KNOWN.has(name ?? ''));
}

/** The address with its placeholders filled in; undefined when a value is missing, so that nobody is sent astray. */
export function fillIn(url: string, values: UrlValues): string | undefined {
  let missing = false;
  const filled = url.replaceAll(PLACEHOLDER, (_all, name: string) => {
    const value = values[name];
    if (value === undefined) missing = true;
    return value ?? '';
  });
  return missing ? undefined : filled;
}

/** The address as operators see it: only the cloud's own address is filled in. */
export function shownUrl(url: string, publicUrl: string): string {
  return url.replaceAll(PUBLIC_URL, publicUrl);
}

export type CatalogEntry = {
  readonly endpoints: readonly {
    readonly id: string;
    readonly interface: string;
    readonly region_id: string | null;
    readonly url: string;
    readonly region: string | null;
  }[];
  readonly id: string;
  readonly type: string;
  readonly name: string;
};

/** What the catalog is made from. */
export type CatalogParts = {
  readonly services: readonly {
    readonly id: string;
    readonly type: string;
    readonly name: string;
  }[];
  readonly endpoints: readonly {
    readonly id: string;
    readonly serviceId: string;
    readonly interface: string;
    readonly regionId: string | null;
    readonly url: string;
  }[];
};

/** The catalog as a token shows it. */
export function catalogOf(parts: CatalogParts, values: UrlValues): readonly CatalogEntry[] {
  return parts.services.map((service) => ({
    endpoints: parts.endpoints
      .filter((endpoint) => endpoint.serviceId === service.id)
      .flatMap((endpoint) => {
        const url = fillIn(endpoint.url, values);
        if (url === undefined) return [];
        const { id, regionId } = endpoint;
        return [{ id, interface: endpoint.interface, region_id: regionId, url, region: regionId }];
      }),
    id: service.id,
    type: service.type,
    name: service.name,
  }));
}
