// A classic script in the head, so that the chosen colours are there before the first paint.
(() => {
  const key = 'securechat.theme';
  const root = document.documentElement;

  /** @returns {string} 'system', 'light' or 'dark' */
  function chosen() {
    try {
      const kept = localStorage.getItem(key);
      return kept === 'light' || kept === 'dark' ? kept : 'system';
    } catch {
      return 'system';
    }
  }

  /** @param {string} theme */
  function keep(theme) {
    try {
      localStorage.setItem(key, theme);
    } catch {
      // Without storage the choice holds for this page.
    }
    root.dataset.theme = theme;
  }

  root.dataset.theme = chosen();
  addEventListener('storage', () => (root.dataset.theme = chosen()));
  document.addEventListener('DOMContentLoaded', () => {
    const select = /** @type {HTMLSelectElement|null} */ (document.getElementById('theme'));
    if (!select) return;
    select.value = chosen();
    select.addEventListener('change', () => keep(select.value));
    select.closest('.theme')?.removeAttribute('hidden');
  });
})();
