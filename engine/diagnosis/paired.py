"""PLACEHOLDER by the lead so that the engine imports; the helper overwrites this file whole."""
class PairedLosses:
    def update(self, epoch, validation, training): return {}
    def arrays(self): return {}
    def restore(self, saved): pass
