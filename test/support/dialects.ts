/** How each service words a refusal, checked. */
import assert from 'node:assert/strict';
import type { Answer } from './client.ts';

/** The service that an address belongs to. */
export const serviceOf = (url: string): string => url.split(/[/?]/)[1] ?? '';

/** What is wrong with the form of a refusal; undefined when it is as the service words it. */
export function badForm(url: string, { status, headers, body, text }: Answer): string | undefined {
  const id = String(headers['x-openstack-request-id']);
  if (!/^req-[0-9a-f-]{36}$/.test(id)) return `no request id (${id})`;
  try {
    checkBody(serviceOf(url), status, body, text);
    return undefined;
  } catch (error) {
    return `${(error as Error).message.split('\n')[0]}: ${text.slice(0, 200)}`;
  }
}

function checkBody(service: string, status: number, body: unknown, text: string): void {
  // compat: keystonemiddleware speaks for every service.
  if (status === 401 || service === 'identity') {
    const { error } = body as { error: { code: number; title: string; message: string } };
    assert.equal(error.code, status);
    assert.ok(error.title.length > 0 && error.message.length > 0, 'title and message');
    return;
  }
  switch (service) {
    case 'networking': {
      const { NeutronError } = body as { NeutronError: Record<string, string> };
      assert.deepEqual(Object.keys(NeutronError).toSorted(), ['detail', 'message', 'type']);
      assert.ok((NeutronError['type'] ?? '') !== '', 'type');
      break;
    }
    case 'compute': {
      const [fault] = Object.values(body as Record<string, { code: number; message: string }>);
      assert.equal(fault?.code, status);
      assert.equal(typeof fault.message, 'string');
      break;
    }
    case 'image':
      assert.match(text, new RegExp(`${status} \\w`));
      break;
    default: {
      const { error } = body as { error: { code: number } };
      assert.equal(error.code, status);
    }
  }
}
