"""Erasing a document from all that duban keeps: the store, then what is made of it or lies beside it."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from api.knowledge import open_index, stored_chunks
from api.settings import Settings
from kb.errors import DubanError, StoreError
from kb.index import VectorIndex
from tasks.authorisation import Actor
from tasks.erasure import Erased, erase_document
from tasks.store import Store


def erase_everywhere(
    settings: Settings,
    store: Store,
    actor: Actor,
    document_id: str,
    reason: str,
    *,
    versions: bool = False,
    index: Callable[[], VectorIndex] | None = None,
) -> Erased:
    """Erase a document (`tasks.erasure`), then the vectors, the kept pages of pictures and what the
    database has not written over. Where that second part fails the document is gone from the store,
    and the same call finishes it. The index is left empty: whoever searches next fills it.

    Args:
        settings: where things lie.
        store: the open store.
        actor: who erases it.
        document_id: any version of it.
        reason: why.
        versions: whether versions of other bytes go too.
        index: opens the one that is in use; by default that of the settings.

    Raises:
        DubanError: as `tasks.erasure.erase_document`.
        StoreError: the document is erased from the store, but something beside it could not be.
    """
    erased = erase_document(store, actor, document_id, reason, settings.now(), versions=versions)
    try:
        store.erase_freed(everywhere=True)
        shutil.rmtree(settings.kept_pages, ignore_errors=True)
        if (settings.home / "index").exists() or (settings.home / "vectors.db").exists():
            (index() if index else open_index(settings)).purge(stored_chunks(settings))
    except DubanError as error:
        again = f"duban documents erase {document_id} --reason …"
        raise StoreError(
            f"文件已从库中删除, 但索引或库文件尚未清除干净: {error.message} / the document is gone from the store, "
            "but the index or the store's file is not cleared yet",
            hint=f"请再运行一次 {again} / run it again: {again}",
        ) from error
    return erased
