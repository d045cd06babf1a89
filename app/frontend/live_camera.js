// The camera's picture and the network beside it: a frame is sent when the last one is drawn.
import { element } from './element.js';
import { drawSight } from './live_view.js';
import { whenChosen } from './redraw.js';

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.live');
  root.camera ??= new Camera(root);
  root.camera.receive(data, setTriggerValue);
  return () => root.camera.leave();
}

const SIDE = 224; // pixels that the network sees
const KEPT = 720; // pixels of a frozen frame, at most
const PATIENCE = 8000; // milliseconds until a frame counts as lost

class Camera {
  stream = null;
  attempt = 0;
  number = 0;
  waiting = false;
  facing = 'user';
  branch = '';
  lacks = [];

  constructor(root) {
    this.root = root;
    this.view = root.querySelector('.view');
    this.video = root.querySelector('video');
    this.still = root.querySelector('.photo');
    this.status = root.querySelector('.status');
    const button = (words, act, kind = '') => {
      const made = element('button', { type: 'button', className: kind, onclick: act }, words);
      root.querySelector('.tools').append(made);
      return made;
    };
    this.starts = button('Start the camera', () => this.start(), 'first');
    this.freezes = button('Freeze', () => this.freeze());
    this.stops = button('Stop', () => this.stop());
    this.mirrors = button('Mirror', () => this.mirror(!this.mirrored));
    this.turns = button('Other camera', () => this.turn());
    this.seen = () => this.next();
    document.addEventListener('visibilitychange', this.seen);
    whenChosen(root.querySelector('.map'), place => {
      if (place.dataset.go === 'stem') return;
      this.branch = place.dataset.go;
      if (this.stream) this.next();
      else this.send(this.last ?? '');
    });
    this.mirror(true);
    this.tell();
  }

  // An answer to an older frame comes too late: the newer one is under way.
  receive(data, trigger) {
    this.trigger = trigger;
    this.lacks = drawSight(this.root, data);
    this.skeleton = data.skeleton ?? this.skeleton;
    if (!this.stream && data.photo) this.show(data.photo);
    if (data.wrong) this.say(data.wrong, true);
    if (data.number !== this.number) return;
    this.waiting = false;
    clearTimeout(this.timer);
    if (this.stream) this.count();
    requestAnimationFrame(() => this.next());
  }

  async start() {
    const attempt = ++this.attempt;
    if (!navigator.mediaDevices?.getUserMedia) {
      this.say(
        'Browsers give a camera only to pages that come over https, or from this same computer ' +
          '(http://localhost). Open the app there, or use Upload at the side.',
        true,
      );
      return;
    }
    this.say('The browser asks whether this page may use the camera.');
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: this.facing, width: { ideal: 1280 }, height: { ideal: 720 } },
      });
      if (attempt !== this.attempt) {
        halt(stream);
        return;
      }
      await this.begin(stream);
    } catch (error) {
      if (attempt === this.attempt) this.say(reason(error), true);
    }
  }

  async begin(stream) {
    halt(this.stream);
    this.stream = stream;
    this.video.srcObject = stream;
    this.video.hidden = false;
    this.still.hidden = true;
    stream.getVideoTracks()[0].onended = () => {
      this.stop();
      this.say('The camera was switched off, or another program took it.', true);
    };
    this.mirror(this.facing === 'user');
    await this.video.play();
    this.say('');
    this.times = [];
    this.waiting = false;
    this.tell();
    const cameras = await navigator.mediaDevices.enumerateDevices();
    this.turns.hidden = cameras.filter(({ kind }) => kind === 'videoinput').length < 2;
    this.next();
  }

  next() {
    if (!this.stream || document.hidden || this.waiting || !this.video.videoWidth) return;
    this.send(this.picture(SIDE, 0.85));
  }

  send(picture) {
    if (!picture) return;
    this.last = picture;
    this.number += 1;
    this.waiting = true;
    this.timer = setTimeout(() => {
      this.waiting = false;
      this.next();
    }, PATIENCE);
    const { number, branch, skeleton = '', lacks } = this;
    this.trigger('frame', { number, picture, branch, skeleton, lacks });
  }

  // The square in the middle, as it is and not mirrored, as a JPEG.
  picture(side, quality) {
    const { videoWidth, videoHeight } = this.video;
    const own = Math.min(videoWidth, videoHeight);
    const canvas = element('canvas', { width: side, height: side });
    const corner = [(videoWidth - own) / 2, (videoHeight - own) / 2];
    const context = canvas.getContext('2d');
    context.imageSmoothingQuality = 'high'; // as the network's own way to make photos smaller
    context.drawImage(this.video, ...corner, own, own, 0, 0, side, side);
    return canvas.toDataURL('image/jpeg', quality);
  }

  freeze() {
    const side = Math.min(KEPT, this.video.videoWidth, this.video.videoHeight);
    const picture = this.picture(side, 0.92);
    this.stop();
    this.show(picture);
    this.say('Frozen: this frame is the photo of all pages.');
    this.trigger('frozen', { picture });
  }

  stop() {
    this.attempt += 1;
    if (this.stream && this.video.videoWidth) this.show(this.picture(SIDE, 0.85));
    halt(this.stream);
    this.stream = null;
    this.video.srcObject = null;
    this.waiting = false;
    clearTimeout(this.timer);
    this.say('');
    this.tell();
  }

  leave() {
    document.removeEventListener('visibilitychange', this.seen);
    this.stop();
  }

  show(picture) {
    this.still.src = picture;
    this.still.hidden = false;
    this.video.hidden = true;
    this.view.classList.remove('mirrored');
    this.last = picture;
  }

  turn() {
    this.facing = this.facing === 'user' ? 'environment' : 'user';
    this.start();
  }

  mirror(on) {
    this.mirrored = on;
    this.mirrors.setAttribute('aria-pressed', on);
    this.view.classList.toggle('mirrored', on && this.video.hidden === false);
  }

  tell() {
    this.starts.hidden = Boolean(this.stream);
    for (const button of [this.freezes, this.stops, this.mirrors]) button.hidden = !this.stream;
    if (!this.stream) this.turns.hidden = true;
  }

  say(words, wrong = false) {
    this.status.textContent = words;
    this.status.classList.toggle('wrong', wrong);
  }

  // Frames a second, of the last ten.
  count() {
    this.times = [...this.times.slice(-10), performance.now()];
    if (this.times.length < 3) return;
    const rate = (1000 * (this.times.length - 1)) / (this.times.at(-1) - this.times[0]);
    this.root.dataset.rate = rate.toFixed(1);
    this.say(`${rate.toFixed(rate < 3 ? 1 : 0)} frames a second`);
  }
}

function halt(stream) {
  for (const track of stream?.getTracks() ?? []) {
    track.onended = null;
    track.stop();
  }
}

function reason(error) {
  if (error.name === 'NotAllowedError') {
    return (
      'The browser was told not to give this page the camera. Allow it in the address bar or ' +
      'in the settings, then start it again.'
    );
  }
  if (['NotFoundError', 'OverconstrainedError'].includes(error.name)) {
    return 'The browser finds no camera. Plug one in, or use Upload at the side.';
  }
  if (error.name === 'NotReadableError') {
    return 'Another program uses the camera. Close it there, then start it again.';
  }
  return `The camera can't be used (${error.name}). Use Upload at the side instead.`;
}
