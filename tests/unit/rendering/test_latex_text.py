from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from newsletter_cli.rendering.embeds import latex


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"E = mc^2", "E = mc²"),
        (r"\mathcal{L}(\theta) = -\sum_{i=1}^{N} \log p_\theta(y_i \mid x_i)", "ℒ(θ) = -∑ᵢ₌₁ᴺ log p_θ(yᵢ | xᵢ)"),
        (r"a_{t+1}=\alpha^T", "aₜ₊₁=αᵀ"),
        (r"\frac{a}{b}", "a/b"),
        (r"\dfrac{a+b}{c}", "(a+b)/c"),
        (r"\mathbb{E}_{x\sim p}\left[\hat{f}(x)\right]", "𝔼_(x∼ p)[f̂(x)]"),
        (r"\operatorname{softmax}(x)", "softmax(x)"),
        (r"x^{y^2}", "x^(y²)"),
        (r"\text{if } x \geq 0", "if x ≥ 0"),
        (r"\begin{equation} a = b \end{equation}", "a = b"),
        (r"r_{\text{reject}}^{(2)}", "r_(reject)⁽²⁾"),
        # backslashes that JSON has eaten
        ("ABC_{\text{Terminal}}", "ABC_(Terminal)"),
        ("\frac{1}{2} \times \beta \rho", "1/2 × β ρ"),
        ("a \neq b", "a ≠ b"),
    ],
)
def test_a_formula_is_said_in_unicode(source: str, text: str) -> None:
    pytest.importorskip("pylatexenc", reason="pylatexenc is not installed")
    assert latex.to_text(source) == (text, True)


@pytest.mark.parametrize(
    "source",
    [
        r"\begin{pmatrix} a & b \end{pmatrix}",
        r"\begin{cases} a \\ b \end{cases}",
        r"\unknownmacro{x}",
        r"}{",
        r"\frac{a",
        r"\underbrace{x}_{y}",
        "x" * 5000,
        "\\",
    ],
)
def test_what_would_lose_its_sense_stays_source(source: str) -> None:
    assert latex.to_text(source) == (" ".join(source.split()), False)


def test_without_the_library_there_is_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(latex, "import_module", absent)
    assert latex.to_text(r"a  \leq b") == (r"a \leq b", False)


@given(st.text(alphabet="\\{}_^$&%ab12 frac()[]\t\n", max_size=80))
def test_any_source_is_said(source: str) -> None:
    text, _ = latex.to_text(source)
    assert isinstance(text, str)
