// What the rules of eslint.config.js must find: behind each line stands which.
/** @param {HTMLElement} node @param {string} text */
export function markup(node, text) {
  node.innerHTML = text; // finds: no-restricted-properties
  node.outerHTML = text; // finds: no-restricted-properties
  node.insertAdjacentHTML('beforeend', text); // finds: no-restricted-properties
  node.setHTMLUnsafe(text); // finds: no-restricted-properties
  document.write(text); // finds: no-restricted-properties
  document.writeln(text); // finds: no-restricted-properties
  document.createRange().createContextualFragment(text); // finds: no-restricted-properties
  new DOMParser().parseFromString(text, 'text/html'); // finds: no-restricted-properties
  eval(text); // finds: no-eval
  globalThis.eval(text); // finds: no-eval no-restricted-properties
  new Function(text); // finds: no-new-func
  setTimeout('run()', 1); // finds: no-implied-eval
  setInterval('run()', 1); // finds: no-implied-eval
  node.setAttribute('onclick', text); // finds: no-restricted-syntax
  node.setAttribute('style', text); // finds: no-restricted-syntax
  node.style = text; // finds: no-restricted-syntax
  location.href = 'javascript:run()'; // finds: no-script-url
  console.log(text); // finds: no-console
}

/** @param {HTMLElement} node @param {string} text */
export function words(node, text) {
  node.textContent = text;
  node.append(text);
  setTimeout(() => node.remove(), 1);
  node.setAttribute('class', text);
}
