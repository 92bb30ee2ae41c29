"""The shape of the category tree. ``parents`` maps each category's id to its parent's, or None at the top."""

from __future__ import annotations

from collections.abc import Mapping

#: Deeper trees than this are a filing mistake; it also bounds every walk through one.
MAX_CATEGORY_DEPTH = 8


def depth_of(parents: Mapping[int, int | None], category_id: int | None) -> int:
    """How many levels there are from the top down to this category; 0 for the top itself."""
    depth = 0
    while category_id is not None:
        depth += 1
        category_id = parents[category_id]
    return depth


def is_within(parents: Mapping[int, int | None], category_id: int | None, ancestor_id: int) -> bool:
    """Whether a category is the ancestor itself or lies somewhere below it."""
    while category_id is not None:
        if category_id == ancestor_id:
            return True
        category_id = parents[category_id]
    return False


def height_of(parents: Mapping[int, int | None], category_id: int) -> int:
    """How many levels a category and what is below it span; 1 for a category without any below."""
    own_depth = depth_of(parents, category_id)
    below = (depth_of(parents, other) for other in parents if is_within(parents, other, category_id))
    return max(below) - own_depth + 1
