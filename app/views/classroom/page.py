"""Class: open one, let pupils in by a code, and see their answers as they come."""

from __future__ import annotations

import streamlit as st

from app.session import classroom, teaching
from app.views.classroom import board, invitation
from app.widgets import page_link

_HOW = (
    "Open a class, and put the code that you get on the wall. Pupils who follow it need no name: "
    "their answers to the questions of *Learn* and their scores in games are counted here as they "
    "come, in bars that never say who. All of it is held in the server's memory alone, until you "
    "end the class, for a day at most."
)


def show() -> None:
    """Draw the page."""
    st.title("Class")
    taught = teaching.own()
    if taught is not None:
        invitation.show(taught)
        board.show(taught)
    elif classroom.state().code:
        st.markdown(
            "You are in this class as a pupil. Answer the questions of the lesson: what you choose "
            "first is counted on your teacher's page."
        )
        page_link.show("learn", "To the lesson")
    else:
        _open_or_join()


def _open_or_join() -> None:
    if (ended := teaching.ended()) is not None:
        with st.container(border=True):
            st.markdown(f"Class **{ended.code}** has ended, and the server has forgotten it.")
            invitation.save(ended.code, ended.table, "class_saved_late")
    st.markdown(_HOW)
    st.button(
        "Open a class",
        key="class_open",
        type="primary",
        icon=":material/groups:",
        on_click=teaching.begin,
    )
    invitation.prepare()
    st.subheader("Join a class", anchor=False)
    with st.form("class_join", border=False, width=420):
        code = st.text_input(
            "Code from your teacher",
            key="class_code",
            max_chars=20,
            placeholder="six letters and digits",
        )
        if st.form_submit_button("Join"):
            classroom.enter(code)
            st.rerun()


show()
