// The square by keys: arrows move the rectangle, or draw; Enter finishes, Escape gives up.
import { box, inside, limit } from './break_shapes.js';

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FAST = 4; // pixels a step while a key is held

export function pressKey(board, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !board.game.picture) return;
  const by = ARROWS[event.key];
  if (!by && !['Enter', 'Escape', ' '].includes(event.key)) return;
  event.preventDefault();
  const far = event.repeat ? FAST : 1;
  if (event.key === 'Escape') board.cancel();
  else if (by) go(board, by[0] * far, by[1] * far, event.shiftKey);
  else if (!event.repeat) enter(board);
}

function go(board, across, down, resizes = false) {
  board.keyed = true;
  if (board.tools.paints) {
    const [x, y] = board.at;
    board.round([board.within(x + across), board.within(y + down)]);
    if (board.stroke) board.line(board.at);
  } else if (board.copy) board.carry(board.copy, [across, down]);
  else {
    const { x, y, width, height } = board.rectangle;
    const { side } = board;
    board.rectangle = resizes
      ? box(x, y, limit(width + across, side - x), limit(height + down, side - y))
      : inside(box(x + across, y + down, width, height), side);
    board.outline();
  }
}

// The first Enter shows where the keys draw.
function enter(board) {
  if (!board.keyed) go(board, 0, 0);
  else if (board.tools.paints && board.stroke) {
    board.finish();
    go(board, 0, 0);
  } else if (board.tools.paints) {
    board.stroke = [];
    board.line(board.at);
  } else if (board.copy) board.finish();
  else if (board.tools.copies) board.pick();
  else board.apply(board.rectangle);
}
