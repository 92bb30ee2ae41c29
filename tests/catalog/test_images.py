"""Pictures from outside: painted anew or refused, and shown to nobody else."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lotkeeper.accounts.models import User
from lotkeeper.accounts.policies import Role
from lotkeeper.catalog import operations as catalog
from lotkeeper.catalog.errors import ImageNotReadable, ImageTooLarge, ImageTooManyPixels
from lotkeeper.catalog.models import Product
from lotkeeper.catalog.operations import ProductFields
from lotkeeper.catalog.operations._pictures import MAX_FILE_BYTES, repaint
from lotkeeper.core.errors import PermissionRefused

from .conftest import Api, Shop, picture

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def png_header(width: int, height: int, rest: bytes = b"") -> bytes:
    """A PNG that claims a size; what follows may be nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rest) + chunk(b"IEND", b"")


def new_product(shop: Shop) -> Product:
    return catalog.create_product(actor=shop.actor, details=ProductFields(name="Tea"))


def image_of(shop: Shop, product: Product) -> str | None:
    with shop.inside():
        name = Product.objects.get(pk=product.pk).image.name
    return name or None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_usual_format_becomes_webp(kind: str) -> None:
    painted = opened(repaint(picture(kind=kind, mode="P" if kind == "GIF" else "RGB")))
    assert (painted.format, painted.size) == ("WEBP", (40, 30))


@pytest.mark.parametrize(
    ("mode", "kind", "colour", "expected"),
    [
        ("RGBA", "PNG", (255, 0, 0, 0), "RGBA"),
        ("LA", "PNG", (255, 0), "RGBA"),
        ("CMYK", "JPEG", (0, 0, 0, 0), "RGB"),
        ("L", "PNG", 128, "RGB"),
        ("1", "PNG", 1, "RGB"),
        ("I;16", "PNG", 128 * 256, "RGB"),
    ],
)
def test_every_mode_keeps_its_look(mode: str, kind: str, colour: object, expected: str) -> None:
    painted = opened(repaint(picture(mode=mode, kind=kind, colour=colour)))
    assert painted.mode == expected
    if mode in {"L", "I;16"}:
        assert painted.getpixel((5, 5)) == (128, 128, 128)


def test_a_large_picture_is_made_smaller_and_a_small_one_stays() -> None:
    assert opened(repaint(picture((3200, 800)))).size == (1600, 400)
    assert opened(repaint(picture((1, 1)))).size == (1, 1)


def test_a_photo_is_turned_upright_and_tells_nothing_of_where_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "taken at home"
    exif.get_ifd(0x8825)[1] = "N"
    painted = opened(repaint(picture((40, 20), kind="JPEG", exif=exif, comment=b"secret", icc_profile=b"profile")))
    assert painted.size == (20, 40)
    assert dict(painted.getexif()) == {}
    assert not {"exif", "icc_profile", "comment", "xmp"} & set(painted.info)


def test_of_an_animation_only_the_first_frame_is_kept() -> None:
    frames = [Image.new("RGB", (40, 30), (shade, shade, shade)) for shade in (0, 128, 255)]
    for kind in ("GIF", "PNG", "WEBP"):
        out = io.BytesIO()
        frames[0].save(out, kind, save_all=True, append_images=frames[1:])
        assert opened(out.getvalue()).n_frames == 3
        painted = opened(repaint(out.getvalue()))
        assert getattr(painted, "n_frames", 1) == 1
        assert painted.convert("RGB").getpixel((5, 5)) == (0, 0, 0)


def test_nothing_that_was_hidden_behind_a_picture_survives() -> None:
    assert b"<script>" not in repaint(picture() + HTML)


BAD_FILES = {
    "nothing": b"",
    "svg": SVG,
    "html": HTML,
    "html as gif": b"GIF89a" + HTML,
    "html as png": b"\x89PNG\r\n\x1a\n" + HTML,
    "html as jpeg": b"\xff\xd8\xff\xe0" + HTML,
    "webp without a picture": b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    "pdf": b"%PDF-1.7",
    "png without pixels": png_header(100, 100),
    "png of no size": png_header(0, 0),
    "half a png": picture()[:-30],
    "half a jpeg": picture((300, 300), kind="JPEG", colour=(1, 2, 3))[:400],
    "half a webp": picture((300, 300), kind="WEBP")[:60],
    "bmp": picture(kind="BMP"),
    "tiff": picture(kind="TIFF"),
    "ico": picture(kind="ICO"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_is_no_whole_picture_of_a_usual_kind_is_refused(name: str) -> None:
    with pytest.raises(ImageNotReadable):
        repaint(BAD_FILES[name])


def test_a_picture_of_more_than_forty_megapixels_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(ImageTooManyPixels) as refusal:
        repaint(png_header(8000, 5001))
    assert refusal.value.fields == {"limit_megapixels": 40, "width": 8000, "height": 5001}
    assert refusal.value.status == 422


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(10_000, 10_000), (20_000, 20_000), (2**31 - 1, 2**31 - 1), (2**31 - 1, 1)])
def test_a_decompression_bomb_is_refused(size: tuple[int, int]) -> None:
    bomb = png_header(*size, rest=zlib.compress(bytes(10_000_000), 9))
    assert len(bomb) < 20_000
    with pytest.raises(ImageTooManyPixels):
        repaint(bomb)


def test_a_text_that_unpacks_to_a_bomb_is_refused() -> None:
    text = b"zTXt" + b"note\x00\x00" + zlib.compress(bytes(200_000_000), 9)
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    whole = picture()
    with pytest.raises(ImageNotReadable):
        repaint(whole[:33] + chunk + whole[33:])


def test_a_file_of_more_than_ten_megabytes_is_refused() -> None:
    with pytest.raises(ImageTooLarge) as refusal:
        repaint(picture() + bytes(MAX_FILE_BYTES))
    assert (refusal.value.status, refusal.value.fields["limit_bytes"]) == (413, MAX_FILE_BYTES)


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 600), byte=st.integers(0, 255), kind=st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]))
def test_a_damaged_file_is_painted_or_refused_and_nothing_else(at: int, byte: int, kind: str) -> None:
    content = bytearray(picture((64, 64), kind=kind, mode="L" if kind != "WEBP" else "RGB"))
    content[at % len(content)] = byte
    with suppress(ImageNotReadable, ImageTooManyPixels):
        assert opened(repaint(bytes(content))).format == "WEBP"


def test_a_new_picture_takes_the_place_of_the_old_file(shop: Shop) -> None:
    product = new_product(shop)
    first = catalog.set_product_image(actor=shop.actor, product_id=product.pk, content=picture()).image.name
    second = catalog.set_product_image(actor=shop.actor, product_id=product.pk, content=picture()).image.name
    assert first.startswith(f"products/{shop.actor.tenant_id}/")
    assert (default_storage.exists(first), default_storage.exists(second)) == (False, True)
    assert image_of(shop, product) == second
    catalog.remove_product_image(actor=shop.actor, product_id=product.pk)
    assert (default_storage.exists(second), image_of(shop, product)) == (False, None)
    catalog.remove_product_image(actor=shop.actor, product_id=product.pk)


def test_a_deleted_product_takes_its_picture_along(shop: Shop) -> None:
    product = new_product(shop)
    name = catalog.set_product_image(actor=shop.actor, product_id=product.pk, content=picture()).image.name
    catalog.delete_product(actor=shop.actor, product_id=product.pk)
    assert not default_storage.exists(name)


def test_the_old_file_stays_when_the_change_is_rolled_back(shop: Shop) -> None:
    product = new_product(shop)
    name = catalog.set_product_image(actor=shop.actor, product_id=product.pk, content=picture()).image.name

    def give_up_halfway() -> None:
        with shop.inside():
            catalog.remove_product_image(actor=shop.actor, product_id=product.pk)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        give_up_halfway()
    assert (default_storage.exists(name), image_of(shop, product)) == (True, name)


@pytest.mark.parametrize("content", [SVG, png_header(8000, 5001)], ids=["svg", "too many pixels"])
def test_a_refused_picture_changes_nothing(shop: Shop, content: bytes) -> None:
    product = new_product(shop)
    name = catalog.set_product_image(actor=shop.actor, product_id=product.pk, content=picture()).image.name
    with pytest.raises((ImageNotReadable, ImageTooManyPixels)):
        catalog.set_product_image(actor=shop.actor, product_id=product.pk, content=content)
    assert (default_storage.exists(name), image_of(shop, product)) == (True, name)


@pytest.mark.parametrize("role", [Role.CLERK, Role.COUNTER, Role.AUDITOR])
def test_only_managers_and_owners_change_a_picture(shop: Shop, role: Role) -> None:
    product = new_product(shop)
    with pytest.raises(PermissionRefused):
        catalog.set_product_image(actor=shop.acting_as(role), product_id=product.pk, content=picture())
    assert image_of(shop, product) is None


class TestOverHttp:
    def test_a_product_without_a_picture_says_null_and_with_one_its_address(self, shop: Shop, api: Api) -> None:
        product = new_product(shop)
        assert api.get(f"products/{product.pk}/").json()["image"] is None
        assert api.get("products/").json()["results"][0]["image"] is None
        answer = api.upload(f"products/{product.pk}/image/", picture())
        assert answer.status_code == 200
        address = answer.json()["image"]
        assert address == f"/media/{image_of(shop, product)}"
        assert api.get(f"products/{product.pk}/").json()["image"] == address
        assert api.delete(f"products/{product.pk}/image/").json()["image"] is None

    def test_it_is_served_to_people_of_the_business_alone(
        self, shop: Shop, api: Api, other_shop: Shop, other_api: Api, api_as: Callable[..., Api]
    ) -> None:
        product = new_product(shop)
        address = api.upload(f"products/{product.pk}/image/", picture()).json()["image"]
        answer = api_as(Role.AUDITOR).client.get(address)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "image/webp"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "private" in answer.headers["Cache-Control"]
        assert opened(b"".join(answer.streaming_content)).format == "WEBP"  # type: ignore[attr-defined]
        assert other_api.client.get(address).status_code == 404
        assert Client().get(address).status_code == 404
        browser, other_browser = Client(), Client()
        browser.force_login(User.objects.get(pk=shop.actor.user_id))
        other_browser.force_login(User.objects.get(pk=other_shop.actor.user_id))
        assert browser.get(address).status_code == 200
        assert other_browser.get(address).status_code == 404

    def test_a_product_whose_file_was_lost_says_null(self, shop: Shop, api: Api) -> None:
        product = new_product(shop)
        address = api.upload(f"products/{product.pk}/image/", picture()).json()["image"]
        name = image_of(shop, product)
        assert name is not None
        default_storage.delete(name)
        assert api.get(f"products/{product.pk}/").json()["image"] is None
        assert api.client.get(address).status_code == 404
        assert api.upload(f"products/{product.pk}/image/", picture()).status_code == 200

    @pytest.mark.parametrize("name", ["0" * 32, "..", "../../secret-key", "%2e%2e%2f%2e%2e%2fsecret-key", "x.svg"])
    def test_there_is_nothing_else_to_be_had(self, shop: Shop, api: Api, name: str) -> None:
        assert api.client.get(f"/media/products/{shop.actor.tenant_id}/{name}.webp").status_code == 404
        assert api.client.get(f"/media/products/{shop.actor.tenant_id}/{name}").status_code == 404

    @pytest.mark.parametrize(
        ("content", "status", "code"),
        [
            (SVG, 422, "image_not_readable"),
            (HTML, 422, "image_not_readable"),
            (picture()[:-30], 422, "image_not_readable"),
            (png_header(8000, 5001), 422, "image_too_many_pixels"),
            (picture() + bytes(MAX_FILE_BYTES), 413, "image_too_large"),
            (b"", 422, "image_not_readable"),
        ],
        ids=["svg", "html", "truncated", "too many pixels", "too large", "empty"],
    )
    def test_a_bad_file_is_refused_with_its_reason(
        self, shop: Shop, api: Api, content: bytes, status: int, code: str
    ) -> None:
        product = new_product(shop)
        answer = api.upload(f"products/{product.pk}/image/", content)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert image_of(shop, product) is None

    def test_a_request_that_is_no_upload_is_refused(self, shop: Shop, api: Api) -> None:
        path = f"products/{new_product(shop).pk}/image/"
        assert api.send("PUT", path, {"image": "x"}).status_code == 415
        no_file = api.client.put(f"/api/v1/{path}", b"--x--\r\n", content_type="multipart/form-data; boundary=x")
        assert (no_file.status_code, list(no_file.json()["errors"])) == (400, ["image"])
        broken = api.client.put(f"/api/v1/{path}", b"x", content_type="multipart/form-data")
        assert broken.status_code == 400
