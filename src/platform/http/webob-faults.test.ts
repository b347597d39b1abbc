/** In which form and words a refusal goes out, by what the client accepts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../fault.ts';
import { imageDialect, wireFault } from './fault-bodies.ts';

const html = 'text/html; charset=UTF-8';
const json = 'application/json';
const plain = 'text/plain; charset=UTF-8';

const liked = [
  { accept: '*/*', type: html },
  { accept: 'application/json', type: json },
  { accept: 'text/html', type: html },
  { accept: 'text/*', type: html },
  { accept: 'application/json, */*', type: html },
  { accept: 'application/json, */*;q=0.5', type: json },
  { accept: 'text/html;q=0, */*', type: json },
  { accept: 'text/plain', type: plain },
  { accept: '', type: plain },
];

const missing = new Fault('not-found', 'ImageNotFound', 'No image found with ID 1');
const wire = (fault: Fault, accept: string, method = 'GET', contentType = '') =>
  wireFault(imageDialect, fault, 'req-1', { method, accept, contentType });

for (const { accept, type } of liked) {
  test(`who accepts '${accept}' is refused in ${type}`, () => {
    assert.equal(wire(missing, accept).contentType, type);
  });
}

test('the three forms are as webob makes them', () => {
  assert.deepEqual(JSON.parse(wire(missing, json).body), {
    message: 'No image found with ID 1<br /><br />\n\n\n',
    code: '404 Not Found',
    title: 'Not Found',
  });
  assert.equal(
    wire(missing, '*/*').body,
    '<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n' +
      '  No image found with ID 1<br /><br />\n\n\n\n </body>\n</html>',
  );
  assert.equal(wire(missing, '').body, '404 Not Found\n\nNo image found with ID 1\n\n   ');
});

test('a message is never HTML in HTML', () => {
  const fault = new Fault('invalid', 'Invalid', '<b> & \'"ü');
  assert.match(wire(fault, '*/*').body, /&lt;b&gt; &amp; &#x27;&quot;&#252;/);
});

const worded = [
  {
    fault: new Fault('forbidden', 'HTTPForbidden', 'No.'),
    message: 'Access was denied to this resource.<br /><br />\nNo.\n\n',
  },
  {
    fault: new Fault('not-found', 'HTTPNotFound', 'The resource could not be found.'),
    message: 'The resource could not be found.<br /><br />\n\n\n',
  },
  {
    fault: new Fault('method-not-allowed', 'HTTPMethodNotAllowed', 'x'),
    message: 'The method PUT is not allowed for this resource. <br /><br />\n',
  },
  {
    fault: new Fault('unsupported-media-type', 'X', 'why'),
    message: 'The request media type a/b is not supported by this server.\n<br /><br />\nwhy',
  },
  {
    fault: new Fault('internal', 'X', 'secret'),
    message:
      'The server has either erred or is incapable of performing the requested operation.<br /><br />\n\n\n',
  },
];

for (const { fault, message } of worded) {
  test(`${fault.code} of kind ${fault.kind} is worded as webob words it`, () => {
    assert.equal(
      (JSON.parse(wire(fault, json, 'PUT', 'a/b').body) as { message: string }).message,
      message,
    );
  });
}
