/** The page of a server's screen: noVNC, with what the address of the page says. */
import RFB from './core/rfb.js';
import { fillIn, show, socketUrl } from './page.js';

const query = new URLSearchParams(location.search);
const url = socketUrl(query.get('path') ?? `novnc/websockify?token=${query.get('token') ?? ''}`);
const fit = document.getElementById('fit');
const ctrlAltDel = document.getElementById('ctrl-alt-del');
const again = document.getElementById('again');
let rfb;

function connect() {
  again.hidden = true;
  show('connecting', 'Connecting…');
  rfb = new RFB(document.getElementById('screen'), url, { shared: true, wsProtocols: ['binary'] });
  rfb.scaleViewport = fit.checked;
  rfb.showDotCursor = true;
  rfb.background = '#000';
  let was = false;
  rfb.addEventListener('connect', () => {
    was = true;
    ctrlAltDel.disabled = false;
    show('connected', 'Connected');
    rfb.focus();
  });
  rfb.addEventListener('desktopname', ({ detail }) => fillIn(query.get('title') ?? detail.name));
  rfb.addEventListener('disconnect', () => {
    ctrlAltDel.disabled = true;
    again.hidden = false;
    const ended = 'The connection ended. The server may have been shut off, restarted or deleted.';
    const refused =
      'No connection: the address has expired, or the server does not run. Ask for a new address.';
    show('disconnected', was ? ended : refused);
  });
}

fillIn(query.get('title') ?? '');
fit.addEventListener('change', () => {
  rfb.scaleViewport = fit.checked;
  rfb.focus();
});
ctrlAltDel.addEventListener('click', () => {
  rfb.sendCtrlAltDel();
  rfb.focus();
});
again.addEventListener('click', connect);
connect();
