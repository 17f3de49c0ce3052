"""XML of instruments: parsed without entities, damage told as such."""

from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from interlayer.core.errors import ReadError


def parsed(data: bytes) -> Any:
    """Return the root element of an XML text.

    Raises
    ------
    ReadError
        When it is not well-formed, or holds entities or a document type of its own.
    """
    try:
        return fromstring(data, forbid_dtd=True)
    except ParseError as error:
        raise ReadError(
            f"damaged XML ({error})", advice="The file may be truncated: export or copy it again."
        ) from error
    except DefusedXmlException as error:
        raise ReadError("XML with entities or a document type of its own", found=str(error)) from error
