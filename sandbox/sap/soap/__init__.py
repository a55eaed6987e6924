"""The SOAP service that posts journal entries: JournalEntryCreateRequestConfirmation_In."""
