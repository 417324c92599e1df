// Posts back what the bank put in the fragment, and takes it out of the address bar and the history.
(function () {
  var answer = new URLSearchParams(location.hash.slice(1));
  var form = document.getElementById("return");
  history.replaceState(null, "", location.pathname);
  ["code", "id_token", "state", "iss", "error"].forEach(function (name) {
    form.elements[name].value = answer.get(name) || "";
  });
  form.submit();
})();
