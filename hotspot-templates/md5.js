// MD5 (RFC 1321) of a string of octets, in hexadecimal: what HTTP-CHAP asks for.
function hexMD5(text) {
  var shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
  var state = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476];
  var bits = text.length * 8;
  text += '\x80';
  while (text.length % 64 !== 56) text += '\0';
  for (var n = 0; n < 8; n++) text += String.fromCharCode(n < 4 ? (bits >>> (8 * n)) & 255 : 0);
  for (var at = 0; at < text.length; at += 64) {
    var words = [];
    for (var i = 0; i < 64; i++) words[i >> 2] |= (text.charCodeAt(at + i) & 255) << (8 * (i & 3));
    var a = state[0],
      b = state[1],
      c = state[2],
      d = state[3];
    for (var j = 0; j < 64; j++) {
      var round = j >> 4;
      var f =
        round === 0 ? (b & c) | (~b & d) : round === 1 ? (d & b) | (~d & c) : round === 2 ? b ^ c ^ d : c ^ (b | ~d);
      var word =
        words[round === 0 ? j : round === 1 ? (5 * j + 1) & 15 : round === 2 ? (3 * j + 5) & 15 : (7 * j) & 15];
      var sum = (a + f + word + Math.floor(Math.abs(Math.sin(j + 1)) * 4294967296)) | 0;
      var turn = shifts[round * 4 + (j & 3)];
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << turn) | (sum >>> (32 - turn)))) | 0;
    }
    state = [(state[0] + a) | 0, (state[1] + b) | 0, (state[2] + c) | 0, (state[3] + d) | 0];
  }
  var hex = '';
  for (var k = 0; k < 16; k++) hex += ('0' + ((state[k >> 2] >>> (8 * (k & 3))) & 255).toString(16)).slice(-2);
  return hex;
}
