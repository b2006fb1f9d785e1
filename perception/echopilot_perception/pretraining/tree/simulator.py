"""Labels of rendered images: our views, classes and states as paths of the tree."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from echopilot_core import SegmentationClass, View
from echopilot_perception.pretraining.tree.targets import ImageLabel

HEART, AORTA, VENA_CAVA = "thorax/heart", "abdomen/abdominal_aorta", "abdomen/inferior_vena_cava"
CHEST_AORTA, LIVER, SPINE = "thorax/thoracic_aorta", "abdomen/liver", "back/spine"
ORGAN_OF_VIEW: Mapping[View, str] = {
    **{view: HEART for view in View if view not in (View.NONE, View.SC_IVC, View.AORTA_TRANS, View.AORTA_LONG)},
    View.SC_IVC: VENA_CAVA,
    View.AORTA_TRANS: AORTA,
    View.AORTA_LONG: AORTA,
}
ORGAN_OF_CLASS: Mapping[SegmentationClass, str] = {
    SegmentationClass.LV: HEART,
    SegmentationClass.LV_MYO: HEART,
    SegmentationClass.LA: HEART,
    SegmentationClass.RV: HEART,
    SegmentationClass.RA: HEART,
    SegmentationClass.AO_ROOT: HEART,
    SegmentationClass.IVC: VENA_CAVA,
    SegmentationClass.LIVER: LIVER,
    SegmentationClass.VERTEBRA: SPINE,
}
"""The aorta is not among them: whether it is that of chest or abdomen depends on the view."""
MIN_SHARE = 0.004  # of the label map, from which an organ counts as shown
STATES: Mapping[str, tuple[str, ...]] = {
    HEART: ("diastole", "systole", "effusion", "dilated_root", "reduced_ef"),
    AORTA: ("aneurysm", "thrombus", "dissection"),
}


def rendered_label(
    labels: NDArray[np.uint8], view: View | None, states: Mapping[str, bool | None] | None = None
) -> ImageLabel:
    """Label of a rendered image, whose organs are known completely.

    Args:
        labels: the visible `SegmentationClass` of every cell (H, W).
        view: the standard view that it shows; NONE: none of them; None: nobody can say.
        states: of the organ of the view, true, false or (None, or left out) unknown; others are ignored.
    """
    shares = np.bincount(labels.ravel(), minlength=256) / labels.size
    organs = {organ for tissue, organ in ORGAN_OF_CLASS.items() if shares[tissue] >= MIN_SHARE}
    organ = None if view is None else ORGAN_OF_VIEW.get(view)
    aorta = shares[[SegmentationClass.AO_LUMEN, SegmentationClass.AO_WALL]].sum() >= MIN_SHARE
    complete = view is not None and (view is not View.NONE or not aorta)
    if aorta and organ is not None:
        organs.add(CHEST_AORTA if organ == HEART else AORTA)
    closed = tuple(sorted(organs & {HEART, AORTA, VENA_CAVA} - {organ})) if view is not None else ()
    if organ is None or view is None:
        return ImageLabel(tuple(sorted(organs)), closed=closed, complete=complete)
    path = f"{organ}/{view.name}"
    known = {name: value for name, value in (states or {}).items() if name in STATES.get(organ, ())}
    shown = [f"{path}/{name}" for name, value in known.items() if value]
    absent = tuple(f"{path}/{name}" for name, value in known.items() if value is False)
    return ImageLabel((path, *shown, *sorted(organs - {organ})), absent, closed, complete)
