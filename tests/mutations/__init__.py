"""The promises about safety, each with its protection taken out once: do its tests notice?"""
