/** The page of a server's serial port: a terminal on a WebSocket. */
import { show, socketUrl } from './page.js';
import { Terminal, keyBytes } from './terminal.js';

const view = document.getElementById('terminal');
const again = document.getElementById('again');
const url = socketUrl(`serial${location.search}`);
const terminal = new Terminal(80, 24);
let socket;
let drawing = false;

function connect() {
  again.hidden = true;
  show('connecting', 'Connecting…');
  const decoder = new TextDecoder();
  socket = new WebSocket(url, ['binary']);
  socket.binaryType = 'arraybuffer';
  let was = false;
  socket.addEventListener('open', () => {
    was = true;
    show('connected', 'Connected. Press Enter for a prompt.');
    view.focus();
  });
  socket.addEventListener('message', ({ data }) => {
    terminal.write(decoder.decode(data, { stream: true }));
    if (!drawing) requestAnimationFrame(draw);
    drawing = true;
  });
  socket.addEventListener('close', () => {
    again.hidden = false;
    const ended = 'The connection ended. The server may have been shut off or deleted.';
    const refused =
      'No connection: the address has expired, or the server does not run. Ask for a new address.';
    show('disconnected', was ? ended : refused);
  });
}

/** Everything anew: a terminal is small. */
function draw() {
  drawing = false;
  const main = view.parentElement;
  const atEnd = main.scrollTop + main.clientHeight >= main.scrollHeight - 20;
  const { before, under, after } = terminal.text();
  const cursor = document.createElement('span');
  cursor.className = 'cursor';
  cursor.textContent = under;
  view.replaceChildren(before, cursor, after);
  if (atEnd) main.scrollTop = main.scrollHeight;
}

function send(text) {
  if (socket.readyState === WebSocket.OPEN) socket.send(new TextEncoder().encode(text));
}

view.addEventListener('keydown', (event) => {
  const bytes = keyBytes(event);
  if (bytes === undefined) return;
  event.preventDefault();
  send(bytes);
});
view.addEventListener('paste', (event) => {
  event.preventDefault();
  send(event.clipboardData.getData('text').replaceAll(/\r?\n/g, '\r'));
});
again.addEventListener('click', connect);
connect();
