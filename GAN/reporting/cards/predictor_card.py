"""The card of a predictor: a Markdown file next to it, with the same name."""

from __future__ import annotations

from GAN import files
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.choice import Choice
from GAN.reporting import rendering
from GAN.reporting.cards.markdown import front_matter, plain
from GAN.results import PredictorResult

#: Metric, its unit, the same metric of a simple alternative, and what that is.
_ROWS = (
    ("mae_hours", "mean error of RUL, h", "mae_by_age_hours", "by age alone"),
    ("mae_hours", "the same", "mae_mean_life_hours", "mean life less age"),
    ("late_mae_hours", "in the last 30 % of life, h", "late_mae_by_age_hours", "by age alone"),
    ("late_mae_hours", "the same", "late_mae_trend_hours", "line to the failure value"),
    ("pinball_loss_hours", "pinball loss, h", "pinball_loss_by_age_hours", "by age alone"),
    ("coverage_90", "share inside the 90 % interval", None, ""),
    ("late_coverage_90", "the same in the last 30 % of life", None, ""),
    ("width_90_hours", "width of that interval, h", "width_90_by_age_hours", "by age alone"),
    ("brier_24h", "Brier score, failure within 24 h", "brier_24h_by_age", "by age alone"),
    ("brier_planning", "within the planning horizon", "brier_planning_by_age", "by age alone"),
    ("mode_accuracy_late", "failure mode right, last 30 % of life", None, ""),
    ("false_alarms_per_1000h", "false alarms in 1,000 healthy hours, at a limit for 1", None, ""),
    ("missed_failures", "units whose novelty never passed that limit", None, ""),
    ("strange_share", "rows called unlike all past lives", None, ""),
)

_NOT_FOR = (
    "units of another machine type, or of another profile of this one",
    "failure modes that the lives do not have: such units may look healthy",
    "machines whose operating settings jump, unless the settings are sensors of the profile",
    "decisions about safety without another safeguard",
)


def write_predictor_card(profile: MachineProfile, trained: PredictorResult, choice: Choice) -> None:
    """Write the card of a predictor that was just saved."""
    files.write_text(trained.card_path, predictor_card(profile, trained, choice))


def predictor_card(profile: MachineProfile, trained: PredictorResult, choice: Choice) -> str:
    """The card as Markdown."""
    head = front_matter(
        {
            "model_name": plain(f"Predictor of {profile.manufacturer} {profile.model}"),
            "library_name": "lightgbm",
            "tags": ["remaining-useful-life", "predictive-maintenance", profile.machine_type],
            "version": trained.version,
        }
    )
    return rendering.card(
        "predictor_card.md",
        front_matter=head,
        profile=profile,
        trained=trained,
        sha256=files.sha256_of(trained.path),
        choice=choice,
        metrics=_metrics(trained) if choice.evaluation else [],
        not_for=_NOT_FOR,
    )


def _metrics(trained: PredictorResult) -> list[list[str]]:
    return [
        [
            what,
            f"{trained.scores[name]:.3g}",
            "" if other is None else f"{trained.scores[other]:.3g}",
            alternative,
        ]
        for name, what, other, alternative in _ROWS
    ]
