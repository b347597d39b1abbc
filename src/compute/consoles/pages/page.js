/** What the pages of screens and serial ports share. */

/** The place of a WebSocket on the host that the page came from, and on no other. */
export function socketUrl(path) {
  const url = new URL(location.origin);
  const [pathname, ...query] = path.split('?');
  url.protocol = location.protocol.replace('http', 'ws');
  url.pathname = pathname;
  url.search = query.join('?');
  return url.href;
}

/** What the page says of its connection; tests and styles read the state. */
export function show(state, text) {
  document.documentElement.dataset.state = state;
  document.getElementById('status').textContent = text;
}

/** Whose console it is. */
export function fillIn(name) {
  if (name === '') return;
  document.getElementById('name').textContent = name;
  document.title = `${name} - noVNC`;
}
