"""The company's ERP behind one port."""
