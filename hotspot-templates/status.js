// Counts down what the router wrote; the page is asked anew as often as the router says.
(function () {
  var left = document.querySelector('[data-left]');
  var data = document.querySelector('[data-bytes]');
  var words = (document.getElementById('left').getAttribute('data-words') || 'd,h,min,s').split(',');
  if (data && Number(data.getAttribute('data-bytes')) >= 0)
    data.textContent = (Number(data.getAttribute('data-bytes')) / 1e6).toFixed(1) + ' MB';
  if (!left) return;
  var end = Date.now() + Number(left.getAttribute('data-left')) * 1000;
  function two(n) {
    return (n < 10 ? '0' : '') + n;
  }
  function show() {
    var s = Math.max(0, Math.round((end - Date.now()) / 1000));
    var days = Math.floor(s / 86400);
    var clock = two(Math.floor((s % 86400) / 3600)) + ':' + two(Math.floor((s % 3600) / 60)) + ':' + two(s % 60);
    left.textContent = (days ? days + ' ' + words[0] + ' ' : '') + clock;
  }
  show();
  setInterval(show, 1000);
})();
