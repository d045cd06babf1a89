// In a frame of another site: why uploads fail, and the way out; page.css hides it elsewhere.

// Uploads must bring Streamlit's cookie, which a browser keeps from frames of other sites (or not:
// the server may send it as SameSite=None, another port of one host is the same site).
export default function ({ data, parentElement }) {
  const cut = data.guarded && foreign() && !document.cookie.includes('_streamlit_xsrf=');
  document.documentElement.classList.toggle('iv-framed', cut);
  const link = parentElement.querySelector('a');
  const here = () => {
    link.href = location.href; // what the visitor has chosen until then comes along
  };
  here();
  link.onpointerdown = here;
  link.onfocus = here;
}

function foreign() {
  try {
    return window.top.location.origin !== location.origin;
  } catch {
    return true;
  }
}
