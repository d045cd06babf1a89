"""The few rules of style that the theme has no setting for."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.session import address

FAVICON = Path(__file__).parents[2] / "assets" / "icon.png"

_CSS = """
<style>
  .stMainBlockContainer { padding: 2.6rem 2rem 4rem; max-width: 1500px; }
  .stApp h1 { font-size: 1.75rem; padding: 0 0 .6rem; }
  .stApp h2 { font-size: 1.25rem; padding: .4rem 0 .2rem; }
  .stApp h3 { font-size: 1.05rem; padding: .2rem 0; }
  [data-testid="stSidebarUserContent"] { padding-top: .5rem; }
  [data-testid="stSidebar"] hr { margin: .4rem 0; }
  .stHeading + [data-testid="stLayoutWrapper"] { margin-top: .2rem; }
  .iv-lead { font-size: 1.1rem; line-height: 1.5; margin: 0; }
  .iv-changing { min-height: 3em; }  /* what follows must not move under the mouse */
  .st-key-toolbar { position: absolute; top: 2.35rem; right: 2rem; width: auto !important;
    z-index: 3; }
  .st-key-waiting { position: fixed; bottom: 1rem; left: 50%; translate: -50%; z-index: 1000;
    width: auto !important; }
  .st-key-waiting [data-testid="stMarkdown"] { padding: .5rem 1rem; border-radius: 2rem;
    background: light-dark(#1b2330, #e8ecf1); color: light-dark(#fff, #11161d); }
  .st-key-report button { min-height: 0; padding: .3rem .7rem; }
  /* Streamlit's captions are too pale to read (WCAG AA asks for 4.5 to 1). */
  [data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p,
  [data-testid="stImageCaption"], [data-testid="stImageCaption"] p { color: inherit; opacity: 1; }
  [data-testid="stCaptionContainer"], [data-testid="stImageCaption"] { opacity: .82; }
  [data-testid="stBaseButton-primary"] p { color: light-dark(#fff, #0b1016); }
  .iv-head { font-weight: 600; margin: 0 0 .2rem; }
  [class*="st-key-heading_"] { row-gap: 0; }  /* on a phone the way to save comes below */
  [class*="st-key-drawn_"] { padding-top: .4rem; }
  [data-testid="stPageLink"] a { padding: .1rem .4rem .1rem 0; }
  [data-testid="stPageLink"] p { white-space: normal; text-align: left; font-size: 1rem; }
  [data-testid="stPageLink"] a:hover p { text-decoration: underline; text-underline-offset: 3px; }
  .iv-note:empty { display: none; }
  .st-key-heading_row { gap: .3rem 1rem; padding-right: 19rem; }  /* the toolbar's place */
  .st-key-heading_row h1 { padding: 0; }
  .iv-subject { display: block; height: 3.4rem; width: auto; max-width: 6rem; border-radius: 6px;
    object-fit: cover; }
  .iv-note { opacity: .8; font-size: .88rem; line-height: 1.45; margin: 0; }
  [data-testid="stButtonGroup"] > div { flex-wrap: wrap; row-gap: 4px; }
  @media (max-width: 1100px) {
    .st-key-toolbar { position: static; }
    .st-key-heading_row { padding-right: 0; }
  }
  @media (max-width: 640px) {
    .stMainBlockContainer { padding: 4.2rem 1rem 3rem; }
    .st-key-photo img { max-height: 240px; width: auto !important; max-width: 100%; }
  }
</style>
"""


_LARGE = """
<style>
  html { font-size: 21px !important; }
  .stMainBlockContainer { max-width: none; }
  .st-key-toolbar { position: static; }
  .st-key-heading_row { padding-right: 0; }
</style>
"""


def show() -> None:
    """Add the rules to the page."""
    st.html(_CSS + (_LARGE if address.large() else ""))
