from __future__ import annotations

from django import forms
from django.forms.renderers import get_default_renderer


def drawn(widget, value="", **attrs) -> str:
    return widget.render("field", value, attrs, get_default_renderer())


def test_an_option_is_text_whatever_it_holds():
    html = drawn(forms.Select(choices=[('"><b>', "<script>"), (7, "Rao & Sons")]), 7)

    assert '<option value="&quot;&gt;&lt;b&gt;">&lt;script&gt;</option>' in html
    assert '<option value="7" selected>Rao &amp; Sons</option>' in html


def test_options_stand_in_their_group():
    html = drawn(forms.Select(choices=[("", "Any"), ("Asia & Co", [("in", "India")])]), "in")

    assert '<optgroup label="Asia &amp; Co"><option value="in" selected>India</option></optgroup></select>' in html


def test_an_attribute_is_text_and_one_that_holds_stands_alone():
    html = drawn(forms.TextInput(attrs={"required": True, "autofocus": False, "placeholder": 'for "PAN"'}))

    assert " required" in html
    assert "autofocus" not in html
    assert 'placeholder="for &quot;PAN&quot;"' in html


def test_a_value_is_text_and_one_that_is_missing_is_left_out():
    assert ' value="&lt;b&gt; &amp; &quot;c&quot;"' in drawn(forms.TextInput(), '<b> & "c"')
    assert "value" not in drawn(forms.TextInput(), None)
    assert 'type="date"' in drawn(forms.DateInput(attrs={"type": "date"}), "2026-11-29")
