"""Apply for a street trader's registration (TDU-PKL), and wait until the office wants or decided something."""

from __future__ import annotations

from pathlib import Path

from egov_serang import Client, DeadlineExceeded, File, Nib
from egov_serang.models.permits import Applicant

scan = File(Path(__file__).with_name("pothole.png"))  # any picture will do in the sandbox

with Client() as client:
    kinds = {kind.permit_type_code: kind for kind in client.permits.types()}
    kind = kinds["TDU-PKL"]

    applications = client.permits.applications
    draft = applications.start(
        kind.permit_type_code,
        applicant=Applicant(nib=Nib("9900000000017"), name="Pedagang Contoh"),
        form={"business_name": "Sate Bandeng Contoh", "goods": "makanan", "trading_place": "Pasar Lama"},
        client_reference="stall-17",
    )
    for document in kind.required_documents:
        if document.required:
            applications.attach(draft.application_id, document.kind, scan)
    application = applications.submit(draft.application_id)
    print(application.reference, application.stage, application.status)

    try:
        application = applications.wait_for(application, timeout=2)
        print("the office says:", application.status, application.status_notes)
    except DeadlineExceeded:
        print("the office takes its time; ask again tomorrow with", application.application_id)
